import base64
import json
from pathlib import Path
from typing import Any, cast

import pytest

from local.node.eks.credentials import Aws
from local.node.eks.kube import Credentials
from local.node.eks.pod_identity import Admission
from local.node.eks.settings import PORTS, SIMULATED_IMAGES_FILE, EksSettings


def settings(folder: Path) -> EksSettings:
    return EksSettings(
        folder=str(folder),
        credentials=Credentials("https://127.0.0.1:1", "ca", "cert", "key"),
        serving_cert="cert",
        serving_key="key",
        aws_endpoint="http://127.0.0.1:2",
        pod_aws_endpoint="http://10.88.0.1:2",
        node_name="n",
        node_address="10.88.0.1",
        api_port=1,
        aws_port=2,
        ports=dict.fromkeys(PORTS, 3),
    )


class Cloud:
    """An AWS with one association, or one that does not answer."""

    def __init__(self, *, is_down: bool = False) -> None:
        self._is_down = is_down

    def clusters(self) -> list[dict[str, Any]]:
        if self._is_down:
            raise OSError("connection refused")
        association = {
            "associationId": "a-1",
            "namespace": "team-a",
            "serviceAccount": "model",
            "roleArn": "arn:aws:iam::123456789012:role/reader",
            "targetRoleArn": "",
            "externalId": "",
            "disableSessionTags": False,
            "problem": "",
        }
        return [{"name": "c", "arn": "a", "region": "eu-central-1", "associations": [association]}]


def answered(
    folder: Path, namespace: str, account: str | None, *, is_down: bool = False
) -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [{"name": "c", "image": "a:1"}]}
    if account:
        spec["serviceAccountName"] = account
    request = {"uid": "u", "namespace": namespace, "object": {"metadata": {}, "spec": spec}}
    admission = Admission(cast("Aws", Cloud(is_down=is_down)), settings(folder))
    review = admission.review({"request": request})
    assert (review["apiVersion"], review["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert review["response"]["uid"] == "u"
    return dict(review["response"])


def paths(response: dict[str, Any]) -> list[str]:
    return [step["path"] for step in json.loads(base64.b64decode(response["patch"]))]


def test_a_pod_with_an_association_is_changed(tmp_path: Path) -> None:
    response = answered(tmp_path, "team-a", "model")
    assert response["allowed"]
    assert response["patchType"] == "JSONPatch"
    assert paths(response) == [
        "/spec/containers/0/env",
        "/spec/containers/0/volumeMounts",
        "/spec/volumes",
    ]


@pytest.mark.parametrize(
    ("namespace", "account"), [("team-b", "model"), ("team-a", "other"), ("team-a", None)]
)
def test_other_pods_pass_as_they_are(tmp_path: Path, namespace: str, account: str | None) -> None:
    assert answered(tmp_path, namespace, account) == {"uid": "u", "allowed": True}


def test_a_pod_is_refused_while_aws_does_not_answer(tmp_path: Path) -> None:
    response = answered(tmp_path, "team-a", "model", is_down=True)
    assert not response["allowed"]
    assert response["status"]["code"] == 503
    assert "connection refused" in response["status"]["message"]


def test_images_that_cannot_be_had_are_read_at_every_pod(tmp_path: Path) -> None:
    assert "patch" not in answered(tmp_path, "team-b", "model")
    (tmp_path / SIMULATED_IMAGES_FILE).write_text('["a:1"]')
    assert "/spec/nodeSelector" in paths(answered(tmp_path, "team-b", "model"))


def test_a_process_reads_what_the_table_was_given(tmp_path: Path) -> None:
    assert EksSettings.parse(settings(tmp_path).text()) == settings(tmp_path)
