"""The API key of this machine's user: made once, kept in a file that only they can read."""

import json
import subprocess
from pathlib import Path
from typing import Any

from local.cluster.processes import write_private
from local.errors import LocalCloudError
from local.serving.gateway_settings import KEYS_FILE
from local.serving.record import KEY_FILE

TENANT = "local"
MAKE_SECONDS = 60.0


def ensure_key(python: Path, folder: Path) -> None:
    """Have a key in `folder` that the gateway accepts: the one there is, or a new one.

    Raises:
        LocalCloudError: None can be made.
    """
    if is_accepted(folder / KEY_FILE, folder / KEYS_FILE):
        return
    arguments = ["keys", "new", "--file", str(folder / KEYS_FILE), "--tenant", TENANT]
    try:
        made = subprocess.run(
            [str(python), "-P", "-m", "gateway", *arguments, "--expires", "never"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=MAKE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(str(error)) from error
    key = made.stdout.strip()
    if made.returncode != 0 or not key:
        raise _failed(made.stderr.strip()[-2000:])
    write_private(folder / KEY_FILE, key + "\n")


def is_accepted(key_file: Path, keys_file: Path) -> bool:
    """Whether the key in `key_file` is in the gateway's file of keys, for ever and not revoked."""
    try:
        public = key_file.read_text(encoding="utf-8").strip().split("_")[1]
        records: list[dict[str, Any]] = json.loads(keys_file.read_text(encoding="utf-8"))["keys"]
        found = [record for record in records if record["id"] == public]
        return any(not each.get("revoked") and not each.get("expires") for each in found)
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return False


def _failed(detail: str) -> LocalCloudError:
    return LocalCloudError(
        "no API key could be made", "try again; the gateway's own words are above", detail
    )
