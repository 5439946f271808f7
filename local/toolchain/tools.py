"""What each tool is: its version, how it is asked for it, where it comes from. Data only.

No checksum of a release is written here, because none could be verified when the pins were
made. A download is therefore checked against the list of checksums that its publisher keeps
beside it and that is fetched over TLS; an entry in `Download.sha256` takes precedence as soon
as somebody has verified one. A build is checked by ``go.sum``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from local.paths import REPOSITORY

GO_MODULE = REPOSITORY / "local" / "toolchain"
"""Folder of the `go.mod` that pins the sources of all tools."""

_VERSION = re.compile(r"\bv?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)")


class Source(StrEnum):
    """Where a tool may come from; the order is the order in which they are tried."""

    PATH = "path"
    """A program on PATH that says it has exactly the wanted version."""
    CACHE = "cache"
    """What an earlier run downloaded or built."""
    DOWNLOAD = "download"
    """The project's own release."""
    BUILD = "build"
    """Compiled from the Go modules that `go.mod` pins."""


@dataclass(frozen=True)
class Download:
    """A project's own release of a tool for Linux.

    Attributes:
        url: Address of the release; ``{version}`` and ``{arch}`` are filled in.
        checksums: Address of the publisher's SHA-256 list, or of a single checksum.
        arch: The publisher's word for each machine, by ``platform.machine()``.
        member: The program's path in the tar archive; empty when the release is the program.
        sha256: Verified checksums by machine; with one, the publisher's list is not asked.
    """

    url: str
    checksums: str
    arch: Mapping[str, str]
    member: str = ""
    sha256: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Tool:
    """A program of a pinned version.

    Attributes:
        name: Name of the program file.
        version: Wanted version, without ``v``.
        ask: Arguments that make the program print its version.
        package: Import path of its main package.
        ldflags: Linker flags of a build; they give the program its version.
        module: Folder of the `go.mod` that pins `package`.
        release: Its official release, if there is one for Linux.
        size_mib: Size of the finished program in MiB, roughly; for the check of free space.
    """

    name: str
    version: str
    ask: tuple[str, ...]
    package: str
    ldflags: str = "-s -w"
    module: Path = GO_MODULE
    release: Download | None = None
    size_mib: int = 100

    @property
    def title(self) -> str:
        """Name and version, for people."""
        return f"{self.name} {self.version}"


def version_in(output: str) -> str | None:
    """The first version number in what a program printed, without ``v``; None without one."""
    found = _VERSION.search(output)
    return found.group(1) if found else None


def checksum_in(text: str, file_name: str) -> str | None:
    """The SHA-256 of `file_name` in a publisher's checksum file; None when it has none.

    Two forms are in use: lines of ``HEX  NAME``, and one bare ``HEX`` for the file beside it.
    """
    for line in text.splitlines():
        words = line.split()
        named = len(words) == 2 and words[1].lstrip("*").removeprefix("./") == file_name
        if (named or len(words) == 1) and re.fullmatch(r"[0-9a-fA-F]{64}", words[0]):
            return words[0].lower()
    return None


def _kubernetes(
    name: str, version: str, size_mib: int, ask: tuple[str, ...] = ("--version",)
) -> Tool:
    major, minor, _ = version.split(".")
    variables = "k8s.io/component-base/version"
    return Tool(
        name=name,
        version=version,
        ask=ask,
        package=f"k8s.io/kubernetes/cmd/{name}",
        ldflags=(
            f"-s -w -X {variables}.gitVersion=v{version}"
            f" -X {variables}.gitMajor={major} -X {variables}.gitMinor={minor}"
        ),
        release=Download(
            url=f"https://dl.k8s.io/release/v{{version}}/bin/linux/{{arch}}/{name}",
            checksums=f"https://dl.k8s.io/release/v{{version}}/bin/linux/{{arch}}/{name}.sha256",
            arch={"x86_64": "amd64", "aarch64": "arm64"},
        ),
        size_mib=size_mib,
    )


def _tools() -> tuple[Tool, ...]:
    pulumi = "3.259.0"
    etcd = "3.6.16"
    kubernetes = "1.35.4"
    kwok = "0.7.0"
    return (
        Tool(
            name="pulumi",
            version=pulumi,
            ask=("version",),
            package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            ldflags=(
                "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v" + pulumi
            ),
            release=Download(
                url="https://get.pulumi.com/releases/sdk/pulumi-v{version}-linux-{arch}.tar.gz",
                checksums="https://get.pulumi.com/releases/sdk/pulumi-{version}-checksums.txt",
                arch={"x86_64": "x64", "aarch64": "arm64"},
                member="pulumi/pulumi",
            ),
            size_mib=110,
        ),
        Tool(
            name="etcd",
            version=etcd,
            ask=("--version",),
            package="go.etcd.io/etcd/server/v3",
            release=Download(
                url=(
                    "https://github.com/etcd-io/etcd/releases/download/v{version}/"
                    "etcd-v{version}-linux-{arch}.tar.gz"
                ),
                checksums=(
                    "https://github.com/etcd-io/etcd/releases/download/v{version}/SHA256SUMS"
                ),
                arch={"x86_64": "amd64", "aarch64": "arm64"},
                member="etcd-v{version}-linux-{arch}/etcd",
            ),
            size_mib=26,
        ),
        _kubernetes("kube-apiserver", kubernetes, 101),
        _kubernetes("kube-controller-manager", kubernetes, 90),
        _kubernetes("kube-scheduler", kubernetes, 70),
        _kubernetes("kubelet", kubernetes, 78),
        _kubernetes("kube-proxy", kubernetes, 66),
        _kubernetes("kubectl", kubernetes, 56, ("version", "--client")),
        Tool(
            name="kwok",
            version=kwok,
            ask=("--version",),
            package="sigs.k8s.io/kwok/cmd/kwok",
            # It does not compile with the Kubernetes modules of the other tools.
            module=GO_MODULE / "kwok",
            ldflags=f"-s -w -X sigs.k8s.io/kwok/pkg/consts.Version=v{kwok}",
            # Its releases come without checksums.
            release=None,
            size_mib=88,
        ),
    )


TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in _tools()}
"""Every tool of the local cloud by its name."""
