import hashlib
import json
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from local.errors import LocalCloudError
from local.forge import archive
from local.forge.layers import Layer, LayerWriter, finished
from local.forge.model import Recipe


def content(tar: tarfile.TarFile, member: str) -> bytes:
    file = tar.extractfile(member)
    assert file is not None
    return file.read()


def layer(file: Path, text: str = "hello") -> Layer:
    with file.open("wb") as content:
        writer = LayerWriter(content)
        writer.text("/etc/greeting", text)
        writer.link("/greeting", "etc/greeting")
        writer.folder("/scratch", 0o1777)
        writer.close()
    return finished(file)


def test_the_same_content_is_the_same_layer(tmp_path: Path) -> None:
    first, second = layer(tmp_path / "1.tar"), layer(tmp_path / "2.tar")
    assert first.diff_id == second.diff_id
    assert layer(tmp_path / "3.tar", "other").diff_id != first.diff_id


def test_a_tree_is_written_in_the_order_of_names_whoever_made_it(tmp_path: Path) -> None:
    digests: set[str] = set()
    for number, names in enumerate((("a", "b/c"), ("b/c", "a"))):
        source = tmp_path / f"tree{number}"
        for name in names:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(name)
            (source / name).chmod(0o755 if name == "a" else 0o600)
        file = tmp_path / f"{number}.tar"
        with file.open("wb") as content:
            writer = LayerWriter(content)
            writer.tree(source, "/opt/tree")
            writer.close()
        digests.add(finished(file).diff_id)
        with tarfile.open(file) as tar:
            assert [each.name for each in tar] == [
                "opt", "opt/tree", "opt/tree/a", "opt/tree/b", "opt/tree/b/c",
            ]  # fmt: skip
            assert tar.getmember("opt/tree/a").mode == 0o755
            assert tar.getmember("opt/tree/b/c").mode == 0o644
            assert {(each.uid, each.gid, each.mtime) for each in tar} == {(0, 0, 0)}
    assert len(digests) == 1


def test_a_program_may_bind_low_ports(tmp_path: Path) -> None:
    program, file = tmp_path / "program", tmp_path / "1.tar"
    program.write_text("x")
    with file.open("wb") as content:
        writer = LayerWriter(content)
        writer.copy(program, "/program", 0o755, binds_low_ports=True)
        writer.close()
    with tarfile.open(file) as tar:
        written = tar.getmember("program").pax_headers["SCHILY.xattr.security.capability"]
    assert written.encode() == bytes.fromhex("0100000200040000" + "00" * 12)


def test_an_archive_is_what_docker_save_writes(tmp_path: Path) -> None:
    recipe = Recipe((), entrypoint=("/x", "run"), user="7:8", env={"A": "b"}, folder="/work")
    layers = [layer(tmp_path / "1.tar"), layer(tmp_path / "2.tar", "other")]
    document = archive.config(recipe, layers, "something")
    file = tmp_path / "image.tar"
    archive.write(file, "docker.io/a/b:1", document, layers)
    with tarfile.open(file) as tar:
        (manifest,) = json.loads(content(tar, "manifest.json"))
        text = content(tar, manifest["Config"])
        contents = [content(tar, each) for each in manifest["Layers"]]
    assert manifest["RepoTags"] == ["docker.io/a/b:1"]
    assert manifest["Config"] == hashlib.sha256(text).hexdigest() + ".json"
    read = json.loads(text)
    digests = [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in contents]
    assert read["rootfs"]["diff_ids"] == digests == [each.diff_id for each in layers]
    assert read["config"]["Entrypoint"] == ["/x", "run"]
    assert read["config"]["Cmd"] is None
    assert read["config"]["User"] == "7:8"
    assert read["config"]["WorkingDir"] == "/work"
    assert "A=b" in read["config"]["Env"]
    assert any(each.startswith("PATH=/usr/local/sbin:") for each in read["config"]["Env"])


def test_layers_of_the_same_content_are_written_once(tmp_path: Path) -> None:
    layers = [layer(tmp_path / "1.tar"), layer(tmp_path / "2.tar")]
    file = tmp_path / "image.tar"
    archive.write(file, "a:1", archive.config(Recipe(()), layers, "x"), layers)
    with tarfile.open(file) as tar:
        names = [each.name for each in tar if each.name.endswith("layer.tar")]
    assert len(names) == 1


def test_an_archive_that_cannot_be_finished_is_not_there(tmp_path: Path) -> None:
    gone = Layer(tmp_path / "gone.tar", "sha256:" + "0" * 64)
    file = tmp_path / "image.tar"
    with pytest.raises(FileNotFoundError):
        archive.write(file, "a:1", {}, [gone])
    assert list(tmp_path.iterdir()) == []


def test_tar_itself_reads_a_layer(tmp_path: Path) -> None:
    file = layer(tmp_path / "1.tar").file
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["tar", "-xf", str(file), "-C", str(root)], check=True)
    assert (root / "greeting").read_text() == "hello"
    assert stat.S_IMODE((root / "scratch").stat().st_mode) == 0o1777


def test_a_machine_that_images_have_no_word_for_is_named() -> None:
    assert archive.architecture("aarch64") == "arm64"
    with pytest.raises(LocalCloudError, match="riscv64"):
        archive.architecture("riscv64")
