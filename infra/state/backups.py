"""Backups of a stack's state: made, listed, put back.

A backup of a local stack belongs to one cloud: the state describes what is in that cloud, so it
is worth nothing in another one. The passphrase stays where it is, in the cloud's own folder,
unless it is asked for.
"""

import hashlib
import json
import platform
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from infra.cli.engine import Engine, RunFailedError
from infra.cli.workspace import SECRETS_KEYS
from infra.settings_source import PROJECT
from infra.state import archive, document
from infra.state.archive import Archive, Manifest
from llm_platform.problems import raise_if_any
from local.cluster.processes import write_private
from local.cluster.rooms import disk_errors, private_folder
from local.errors import LocalCloudError

FOLDER = "backups"
SUFFIX = ".state.tar.gz"
ASKED_FOR = "asked for"
BEFORE_RESTORE = "before restore"
BEFORE_IMPORT = "before import"
NO_STACK = "no stack named"
"""What the engine says of a stack that its backend does not have."""
WRONG_PASSPHRASE = "incorrect passphrase"  # noqa: S105  # the engine's words


@dataclass(frozen=True)
class Place:
    """Where the state of one stack is, and what it describes.

    Attributes:
        engine: The stack; its program is never run.
        cloud: Identity of what the state describes, as `Manifest.cloud`.
        folder: Where backups of the stack go when nothing else is asked for.
        engine_folder: Folder of backend, passphrase and workspace of a local stack, else None.
    """

    engine: Engine
    cloud: str
    folder: Path
    engine_folder: Path | None

    @property
    def stack(self) -> str:
        """Name of the stack."""
        return self.engine.stack

    @property
    def checkpoint(self) -> Path | None:
        """File of the state, where the backend is a folder of this stack's own."""
        if self.engine_folder is None:
            return None
        stacks = self.engine_folder / "backend" / ".pulumi" / "stacks"
        return stacks / PROJECT / f"{self.stack}.json"


def emulated_identity(cloud_id: str) -> str:
    """Identity of a local cloud, as a manifest names it."""
    return f"emulated {cloud_id}"


def backend_identity(url: str) -> str:
    """Identity of a backend, as a manifest names it: no address, which may hold a path or a key."""
    return f"backend {hashlib.sha256(url.encode()).hexdigest()[:16]}"


def make(
    place: Place, *, reason: str = ASKED_FOR, to: Path | None = None, passphrase: bool = False
) -> Path:
    """Write a backup of the state as it is; a state that cannot be read is kept as raw bytes.

    Args:
        place: The stack; the caller holds its lock.
        reason: Why, for the list.
        to: The file; by default one in `Place.folder` named by time.
        passphrase: Put the passphrase of a local stack into it too.

    Returns:
        The file.

    Raises:
        LocalCloudError: It is there already, or cannot be written.
        RunFailedError: The state cannot be read and there are no raw bytes to keep.
    """
    members: dict[str, bytes] = {}
    exported: Mapping[str, Any] | None = None
    try:
        exported = place.engine.export()
        members[archive.DEPLOYMENT] = json.dumps(exported, indent=1).encode()
    except RunFailedError:
        if place.checkpoint is None or not place.checkpoint.exists():
            raise
        members[archive.DAMAGED] = place.checkpoint.read_bytes()
    members[archive.STACK_FILE] = _stack_file(place).read_bytes()
    members |= _engine_members(place, passphrase=passphrase)
    manifest = _manifest(place, exported, reason, passphrase=archive.PASSPHRASE in members)
    path = to if to is not None else _fresh_path(place)
    with disk_errors(path.parent):
        private_folder(path.parent)
        try:
            archive.write(path, manifest, members)
        except FileExistsError:
            raise LocalCloudError(
                f"{path} is there already.", "Name another file; no backup is overwritten."
            ) from None
    return path


def listed(folder: Path) -> list[Archive | LocalCloudError]:
    """The backups in a folder, the newest last; for one that is damaged, what is wrong with it."""
    found: list[Archive | LocalCloudError] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            found.append(archive.read(path))
        except LocalCloudError as error:
            found.append(error)
    return found


def restore(place: Place, found: Archive) -> Path | None:
    """Make the state what a backup says; what it replaces is backed up first.

    Args:
        place: The stack; the caller holds its lock.
        found: The backup.

    Returns:
        The backup of what was replaced; None when there was nothing.

    Raises:
        LocalCloudError: It is another stack's or another cloud's; nothing was changed.
        RunFailedError: The engine refuses it; the state is what it was.
    """
    _check_belongs(place, found)
    deployment = found.deployment()
    raise_if_any(str(found.path), document.problems_of(deployment, place.stack, PROJECT))
    before = _kept_before(place, BEFORE_RESTORE)
    try:
        with _files_put_back(place, found):
            replace(place, deployment)
    except RunFailedError as error:
        if WRONG_PASSPHRASE not in error.text:
            raise
        raise LocalCloudError(
            f"The passphrase of stack {place.stack} is not the one with which the secrets in "
            f"{found.path} are encrypted. Nothing was changed.",
            "Put the old passphrase back, or use a backup made with --with-passphrase.",
        ) from None
    return before


def import_state(place: Place, imported: Any, subject: str) -> Path | None:
    """Make the state what a plain document says; what it replaces is backed up first.

    Args:
        place: The stack; the caller holds its lock.
        imported: A document of the form of ``pulumi stack export``.
        subject: Where it comes from, for errors.

    Returns:
        The backup of what was replaced; None when there was nothing.

    Raises:
        InvalidInputsError: Names everything that is wrong with it; nothing was changed.
        RunFailedError: The engine refuses it; the state is what it was.
    """
    raise_if_any(subject, document.problems_of(imported, place.stack, PROJECT))
    before = _kept_before(place, BEFORE_IMPORT)
    replace(place, imported)
    return before


def replace(place: Place, wanted: Mapping[str, Any]) -> None:
    """Have the engine take a checked document as the state, and see that it has.

    A document with secrets in plain text has no provider of secrets; the stack's own is named
    then, so that the engine encrypts them.

    Raises:
        RunFailedError: The engine refuses it; the state is what it was.
        LocalCloudError: The state is not what was asked for afterwards.
    """
    place.engine.make_stack()
    deployment = dict(wanted["deployment"])
    if not deployment.get("secrets_providers"):
        own = place.engine.export()["deployment"].get("secrets_providers")
        if own:
            deployment["secrets_providers"] = own
    place.engine.import_document({**wanted, "deployment": deployment})
    if document.outline(place.engine.export()) != document.outline(wanted):
        raise LocalCloudError(
            f"The state of stack {place.stack} is not what was asked for.",
            "Put the backup that was made before back: llmp state restore",
        )


def _check_belongs(place: Place, found: Archive) -> None:
    told = found.manifest
    if (told.project, told.stack) != (PROJECT, place.stack):
        raise LocalCloudError(
            f"{found.path} is a backup of stack {told.stack} of project {told.project}, not of "
            f"{place.stack} of {PROJECT}. Nothing was changed.",
            f"Use a backup of this stack: llmp state list {place.stack}",
        )
    if told.cloud == place.cloud:
        return
    if told.cloud.startswith("emulated") or place.cloud.startswith("emulated"):
        raise LocalCloudError(
            f"{found.path} describes another cloud ({told.cloud}) than the one that stands "
            f"({place.cloud}): nothing of what it lists is there. Nothing was changed.",
            f"A cloud that is gone takes its state with it; build it anew: llmp up {place.stack}",
        )
    raise LocalCloudError(
        f"{found.path} was made from another backend than the one you are logged in to. "
        "Nothing was changed.",
        "Log in to the backend it came from: pulumi login",
    )


def _kept_before(place: Place, reason: str) -> Path | None:
    """A backup of the present state, unless there is none."""
    try:
        if not document.resources_of(place.engine.export()):
            return None
    except RunFailedError as error:
        if NO_STACK in error.text:
            return None
    return make(place, reason=reason)


@contextmanager
def _files_put_back(place: Place, found: Archive) -> Generator[None]:
    """Put back what the state needs beside it; the files are as before when the rest fails.

    It is how its secrets are encrypted, with which passphrase, and what the cloud held at first.
    """
    workspace = _stack_file(place)
    wanted = {workspace: _with_secrets_keys(workspace, found.members[archive.STACK_FILE])}
    if place.engine_folder is not None:
        for member in (archive.PASSPHRASE, archive.BEFORE):
            if member in found.members:
                wanted[place.engine_folder / member] = found.members[member].decode()
    before = {path: path.read_text(encoding="utf-8") for path in wanted if path.exists()}
    try:
        for path, text in wanted.items():
            write_private(path, text)
        yield
    except BaseException:
        for path in wanted:
            if path in before:
                write_private(path, before[path])
            else:
                path.unlink(missing_ok=True)
        raise


def _with_secrets_keys(workspace: Path, archived: bytes) -> str:
    # imported here: listing backups needs no YAML
    import yaml  # noqa: PLC0415

    present: Any = yaml.safe_load(workspace.read_text(encoding="utf-8"))
    kept: Any = yaml.safe_load(archived)
    present |= {key: kept[key] for key in SECRETS_KEYS if key in kept}
    return yaml.safe_dump(present, sort_keys=False)


def _engine_members(place: Place, *, passphrase: bool) -> dict[str, bytes]:
    if place.engine_folder is None:
        return {}
    members = [archive.BEFORE, *([archive.PASSPHRASE] if passphrase else [])]
    paths = {member: place.engine_folder / member for member in members}
    return {member: path.read_bytes() for member, path in paths.items() if path.exists()}


def _manifest(
    place: Place, exported: Mapping[str, Any] | None, reason: str, *, passphrase: bool
) -> Manifest:
    empty: Sequence[Any] = ()
    return Manifest(
        project=PROJECT,
        stack=place.stack,
        cloud=place.cloud,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        reason=reason,
        resources=len(document.resources_of(exported) if exported else empty),
        pending=len(document.pending_of(exported) if exported else empty),
        readable=exported is not None,
        passphrase=passphrase,
        versions={
            "llm-platform": version("llm-platform"),
            "pulumi": version("pulumi"),
            "python": platform.python_version(),
        },
    )


def _fresh_path(place: Place) -> Path:
    # to the microsecond: names sort by time, also those of backups made in one second
    while True:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = place.folder / f"{place.stack}-{stamp}{SUFFIX}"
        if not path.exists():
            return path


def _stack_file(place: Place) -> Path:
    return place.engine.workspace / f"Pulumi.{place.stack}.yaml"
