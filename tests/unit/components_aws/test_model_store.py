"""ModelStore: how the bucket is guarded, and what lies in it."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_recording import ACCOUNT, Recording, children_outside, record, untagged

from llm_platform.aws import model_files
from llm_platform.aws.model_files import read_model_repository, repository_digest
from llm_platform.aws.model_store import ModelStore, ModelStoreArgs
from llm_platform.aws.workload_identity_check import check_workload_identity
from llm_platform.problems import InvalidInputsError

BUCKET = "aws:s3/bucket:Bucket"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
GUARDS = [
    ENCRYPTION,
    POLICY,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketVersioning:BucketVersioning",
]
FILES = {"llama/config.pbtxt": 'name: "llama"\n', "llama/1/model.py": "print()\n"}
NAME = f"llm-platform-test-models-{ACCOUNT}-eu-central-1"


def args(**more: Any) -> ModelStoreArgs:
    base: ModelStoreArgs = {"files": FILES, "tags": {"team": "ml"}}
    return {**base, **more}  # pyright: ignore[reportReturnType] - tests vary single fields


def store(**more: Any) -> Recording:
    def program() -> dict[str, Any]:
        made = ModelStore("models", args(**more))
        return {
            "name": made.bucket_name,
            "arn": made.bucket_arn,
            "uri": made.uri,
            "digest": made.repository_digest,
        }

    return record(program)


@pytest.fixture(scope="module")
def plain() -> Recording:
    return store()


def test_tags_and_parents(plain: Recording) -> None:
    assert untagged(plain, {BUCKET, "aws:kms/key:Key"}) == []
    assert children_outside(plain, "llm-platform:index:ModelStore") == []


def test_bucket_is_private_encrypted_and_versioned(plain: Recording) -> None:
    closed = plain.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(closed[flag] is True for flag in flags)
    (rule,) = plain.one(ENCRYPTION).inputs["rules"]
    assert rule["bucketKeyEnabled"] is True
    default = rule["applyServerSideEncryptionByDefault"]
    assert default["sseAlgorithm"] == "aws:kms"
    assert default["kmsMasterKeyId"].endswith("models-key")
    versioned = plain.one("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert versioned["versioningConfiguration"] == {"status": "Enabled"}
    owned = plain.one("aws:s3/bucketOwnershipControls:BucketOwnershipControls").inputs
    assert owned["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_policy_refuses_what_is_not_tls(plain: Recording) -> None:
    statements = json.loads(plain.one(POLICY).inputs["policy"])["Statement"]
    assert [one["Effect"] for one in statements] == ["Deny", "Deny"]
    assert statements[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statements[1]["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    assert statements[0]["Resource"] == [f"arn:aws:s3:::{NAME}", f"arn:aws:s3:::{NAME}/*"]


def test_lifecycle(plain: Recording) -> None:
    rules = plain.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs[
        "rules"
    ]
    by_id = {rule["id"]: rule for rule in rules}
    assert by_id["old-versions"]["noncurrentVersionExpiration"] == {"noncurrentDays": 90}
    uploads = by_id["unfinished-uploads"]["abortIncompleteMultipartUpload"]
    assert uploads == {"daysAfterInitiation": 7}


def test_objects_hold_text_and_no_paths_of_this_machine(plain: Recording) -> None:
    objects = {one.inputs["key"]: one.inputs for one in plain.of(OBJECT)}
    assert set(objects) == {"model_repo/llama/config.pbtxt", "model_repo/llama/1/model.py"}
    assert objects["model_repo/llama/config.pbtxt"]["content"] == FILES["llama/config.pbtxt"]
    assert all("source" not in one for one in objects.values())


def test_nothing_is_written_before_the_bucket_is_guarded(plain: Recording) -> None:
    for guard in GUARDS:
        for one in plain.of(OBJECT):
            assert plain.waits_for(one, plain.one(guard))


def test_component_records_digests_instead_of_texts(plain: Recording) -> None:
    recorded = plain.one("llm-platform:index:ModelStore").inputs["files"]
    assert set(recorded) == set(FILES)
    assert all(len(digest) == 64 for digest in recorded.values())


def test_outputs(plain: Recording) -> None:
    assert plain.outputs == {
        "name": NAME,
        "arn": f"arn:aws:s3:::{NAME}",
        "uri": f"s3://{NAME}/model_repo/",
        "digest": repository_digest(FILES),
    }


def test_options() -> None:
    recording = store(
        bucket_name="my-models",
        kms_key_arn=f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1",
        log_bucket="logs",
        delete_with_contents=True,
        noncurrent_days=30,
    )
    bucket = recording.one(BUCKET).inputs
    assert (bucket["bucket"], bucket["forceDestroy"]) == ("my-models", True)
    assert recording.of("aws:kms/key:Key") == []
    logging = recording.one("aws:s3/bucketLogging:BucketLogging").inputs
    assert (logging["targetBucket"], logging["targetPrefix"]) == ("logs", "s3/models/")


def test_contents_survive_by_default(plain: Recording) -> None:
    assert plain.one(BUCKET).inputs["forceDestroy"] is False


def test_read_statements_are_accepted_by_a_workload_identity() -> None:
    found: list[Any] = []

    def program() -> dict[str, Any]:
        statements = ModelStore("models", args()).read_statements("model_repo/llama/")
        found.extend(statements)
        return {"resources": statements[0]["resources"][0], "key": statements[2]["resources"][0]}

    outputs = record(program).outputs
    assert outputs["resources"] == f"arn:aws:s3:::{NAME}/model_repo/llama/*"
    assert found[1]["conditions"] == {"StringLike": {"s3:prefix": ["model_repo/llama/*"]}}
    problems = check_workload_identity(
        {
            "cluster_name": "llm",
            "namespace": "serving",
            "service_account": "llama",
            "statements": found,
        }
    )
    assert problems == []


def test_every_problem_at_once() -> None:
    wrong = args(
        files={"../secret": "x", "/abs": "y"},
        bucket_name="My.Bucket",
        prefix="model_repo",
        noncurrent_days=0,
        log_prefix="x/",
        kms_key_arn="alias/x",
    )
    with pytest.raises(InvalidInputsError) as caught:
        ModelStore("models", wrong)
    assert {problem.path for problem in caught.value.problems} == {
        "files.../secret",
        "files./abs",
        "bucket_name",
        "prefix",
        "noncurrent_days",
        "log_prefix",
        "kms_key_arn",
    }


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_folder_is_read_by_relative_path(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "model_repo",
        {
            "llama/config.pbtxt": b"name",
            "llama/1/model.py": b"pass",
            "llama/1/__pycache__/model.pyc": b"\x00",
            ".git/config": b"x",
        },
    )
    assert read_model_repository(folder) == {
        "llama/config.pbtxt": "name",
        "llama/1/model.py": "pass",
    }


def test_digest_does_not_depend_on_where_the_folder_lies(tmp_path: Path) -> None:
    files = {"a/b": b"1", "c": b"2"}
    first = read_model_repository(write(tmp_path / "one", files))
    second = read_model_repository(write(tmp_path / "two", files))
    changed = read_model_repository(write(tmp_path / "three", {**files, "c": b"3"}))
    moved = read_model_repository(write(tmp_path / "four", {"a/b": b"2", "c": b"1"}))
    assert repository_digest(first) == repository_digest(second)
    assert len({repository_digest(one) for one in (first, changed, moved)}) == 3


def test_every_unreadable_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "MAX_FILE_BYTES", 10)
    outside = write(tmp_path, {"outside": b"x"}) / "outside"
    folder = write(
        tmp_path / "repo",
        {"weights.bin": b"\xff\xfe", "zero": b"a\x00b", "large": b"x" * 11, "good": b"ok"},
    )
    (folder / "link").symlink_to(outside)
    with pytest.raises(InvalidInputsError) as caught:
        read_model_repository(folder)
    assert {problem.path for problem in caught.value.problems} == {
        "weights.bin",
        "zero",
        "large",
        "link",
    }
    assert str(tmp_path) not in str(caught.value)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputsError, match="no such folder"):
        read_model_repository(tmp_path / "nowhere")


def test_bounds_over_all_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "MAX_FILES", 1)
    monkeypatch.setattr(model_files, "MAX_TOTAL_BYTES", 3)
    problems = model_files.check_files({"a": "12", "b": "34"}, "files")
    assert [problem.path for problem in problems] == ["files", "files"]
