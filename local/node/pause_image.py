"""The image of the process that holds a pod's namespaces: one small program, nothing else."""

import hashlib
import io
import json
import platform
import tarfile

from local import toolchain
from local.node.access import LiveCloud
from local.node.configs import PAUSE_IMAGE
from local.paths import REPOSITORY, cache_folder
from local.reporter import Reporter
from local.toolchain.tools import Source, Tool

VERSION = "1.0.0"
PAUSE = Tool(
    name="pause",
    version=VERSION,
    ask=("--version",),
    package=".",
    ldflags=f"-s -w -X main.version=v{VERSION}",
    module=REPOSITORY / "local" / "node" / "pause",
    size_mib=3,
)
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def ensure(cloud: LiveCloud, reporter: Reporter) -> None:
    """Have the node know the image; builds the program the first time.

    Raises:
        LocalCloudError: Go is missing, or containerd refuses.
    """
    sources = (Source.CACHE, Source.BUILD)
    program = toolchain.ensure(["pause"], reporter, sources=sources, tools={"pause": PAUSE})
    folder = cache_folder().absolute() / "node"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    archive = folder / f"pause-{VERSION}-{platform.machine()}.tar"
    content = archive_of(program["pause"].read_bytes())
    if not archive.exists() or archive.read_bytes() != content:
        archive.write_bytes(content)
    cloud.import_image(archive, [PAUSE_IMAGE])


def archive_of(content: bytes, program: str = "pause", name: str = PAUSE_IMAGE) -> bytes:
    """A ``docker save`` archive of an image with one static program; the same bytes each time.

    Args:
        content: The program.
        program: Its name in the image.
        name: Name of the image, with tag.
    """
    layer = _tar({program: (content, 0o755)})
    config = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Entrypoint": [f"/{program}"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    image = {"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}
    return _tar(
        {
            "layer.tar": (layer, 0o644),
            "config.json": (json.dumps(config).encode(), 0o644),
            "manifest.json": (json.dumps([image]).encode(), 0o644),
        }
    )


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
