import re

import pytest

from local.toolchain.building import BuildProgress, build_key, duration
from local.toolchain.golang import parse_version, wanted_version
from local.toolchain.tools import TOOLS, Tool, checksum_in, version_in


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("v3.259.0\n", "3.259.0"),
        ("Kubernetes v1.35.4\n", "1.35.4"),
        ("etcd Version: 3.6.16\nGo Version: go1.26.8\n", "3.6.16"),
        ("Kubernetes v1.35.4-eks-3c60543\n", "1.35.4-eks-3c60543"),
        ("3.260.0-alpha.x1234\n", "3.260.0-alpha.x1234"),
        ("3.259.0+dirty\n", "3.259.0+dirty"),
        ("no number here 1.2\n", None),
    ],
)
def test_version_of_a_program_is_read_whole(output: str, version: str | None) -> None:
    assert version_in(output) == version


def test_checksum_is_the_one_of_the_wanted_file() -> None:
    first, second = "a" * 64, "B" * 64
    listed = f"{first}  other.tar.gz\n{second} *tool.tar.gz\n"
    assert checksum_in(listed, "tool.tar.gz") == second.lower()
    assert checksum_in(f"{first}\n", "tool") == first
    assert checksum_in(listed, "tool.tar.gz.sig") is None
    assert checksum_in("<html>not found</html>", "tool") is None


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_pins_and_go_mod_agree(tool: Tool) -> None:
    go_mod = (tool.module / "go.mod").read_text()
    required = dict(
        re.findall(r"^(?:require)?\s*(\S+) (v\S+)(?: // indirect)?$", go_mod, re.MULTILINE)
    )
    module = next(path for path in required if tool.package.startswith(path))
    assert required[module] == f"v{tool.version}"
    assert tool.package in (tool.module / "tools.go").read_text()


RELEASED = [tool for tool in TOOLS.values() if tool.name != "kwok"]
"""kwok's releases have no checksums, so it is always built."""


@pytest.mark.parametrize("tool", RELEASED, ids=lambda tool: tool.name)
def test_addresses_of_releases_are_complete_and_safe(tool: Tool) -> None:
    assert tool.release is not None
    for address in (tool.release.url, tool.release.checksums):
        filled = address.format(version=tool.version, arch=tool.release.arch["x86_64"])
        assert filled.startswith("https://")
        assert tool.version in filled
        assert not re.search(r"[{}]", filled)


def test_progress_counts_packages_and_names_the_link() -> None:
    progress = BuildProgress("example.test/hello")
    assert progress.text(1) == "reading what is compiled already (1 s)"
    progress.line("go: downloading example.test/lib v1.0.0")
    assert progress.text(2) == "downloading modules, 1 so far (2 s)"
    for line in ("runtime", "example.test/lib", "# example.test/lib", "a.go:1: unused x"):
        progress.line(line)
    assert progress.text(62) == "compiling, 2 packages so far (1 min 02 s)"
    progress.line("example.test/hello")
    assert progress.text(70.9) == "linking, 3 packages compiled (1 min 10 s)"


def test_other_flags_or_sources_make_another_cache_entry(hello: Tool) -> None:
    before = build_key(hello)
    assert build_key(hello) == before
    (hello.module / "go.sum").write_text("example.test/lib v1.0.0 h1:x\n")
    assert build_key(hello) != before


def test_go_versions() -> None:
    assert parse_version("go version go1.26.8 linux/amd64") == (1, 26, 8)
    assert parse_version("cannot run") is None
    assert wanted_version("module x\n\ngo 1.26.0\n\nrequire y v1.0.0\n") == (1, 26, 0)
    assert wanted_version("module x\n") == (1, 16)


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.9, "59 s"), (600, "10 min 00 s")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
