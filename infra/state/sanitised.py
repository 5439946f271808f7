"""A state that may leave this machine: without secrets, without its paths, ports and times of day.

Pure but for `machine_paths`. What is left says which resources stand, with which inputs and
outputs: enough to preview it with another version of the program, and nothing to connect with.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from infra.state.document import SECRET, SECRET_MARK
from local.paths import REPOSITORY, cache_folder, state_folder

PLACEHOLDER = "[secret]"
TIMES = ("created", "modified", "sourcePosition", "stackTrace")
"""Keys of a resource that differ from run to run and that no preview looks at."""
CERTIFICATE = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]+")
"""Base64 of PEM, which a kubeconfig holds."""
NO_CERTIFICATE = "Y2VydGlmaWNhdGU="
ADDRESS = re.compile(r"\b(https?://127\.0\.0\.1):\d+")
PORTS = {"http://127.0.0.1": 4566, "https://127.0.0.1": 6443}
MANIFEST = ("magic", "version")
EPOCH = "2000-01-01"


def machine_paths() -> list[str]:
    """Folders of this machine that a state must not name, the longest first."""
    folders = {
        str(REPOSITORY), str(state_folder()), str(cache_folder()), str(Path.home()),
        sys.prefix, sys.executable,
    }  # fmt: skip
    return sorted((each for each in folders if len(each) > 1), key=len, reverse=True)


def sanitise(document: Mapping[str, Any], paths: Sequence[str] = ()) -> dict[str, Any]:
    """A copy of a document that may be published; the same state gives the same copy.

    Args:
        document: The state, with its secrets decrypted, so that their shape can be kept.
        paths: Paths to take out; by default those of this machine.
    """
    deployment = cast("Mapping[str, Any]", document["deployment"])
    manifest: Mapping[str, Any] = deployment.get("manifest") or {}
    resources: list[Mapping[str, Any]] = deployment.get("resources") or []
    clean = {
        "version": document["version"],
        "deployment": {
            # the engine holds version and magic against each other
            "manifest": {
                "time": f"{str(manifest.get('time', ''))[:10] or EPOCH}T00:00:00Z",
                **{key: manifest.get(key, "") for key in MANIFEST},
            },
            "resources": [_resource(each) for each in resources],
        },
    }
    text = json.dumps(clean)
    for path in paths or machine_paths():
        text = text.replace(json.dumps(path)[1:-1], "/somewhere")
    text = CERTIFICATE.sub(NO_CERTIFICATE, text)
    text = ADDRESS.sub(lambda found: f"{found[1]}:{PORTS[found[1]]}", text)
    return json.loads(text)


def as_lines(document: Mapping[str, Any]) -> str:
    """A sanitised document as text with one resource on a line, so that versions compare well."""
    deployment: dict[str, Any] = dict(document["deployment"])
    resources = [json.dumps(each) for each in deployment.pop("resources")]
    head = json.dumps({"version": document["version"], "deployment": deployment})
    joined = ",\n".join(resources)
    return f'{head[:-2]}, "resources": [\n{joined}\n]}}}}\n'


def _resource(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _without_secrets(each) for key, each in resource.items() if key not in TIMES}


def _without_secrets(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_secrets(each) for each in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    mapping = cast("Mapping[str, Any]", value)
    if mapping.get(SECRET) != SECRET_MARK:
        return {key: _without_secrets(each) for key, each in mapping.items()}
    hidden = _hidden(json.loads(mapping["plaintext"])) if "plaintext" in mapping else PLACEHOLDER
    return {SECRET: SECRET_MARK, "plaintext": json.dumps(hidden)}


def _hidden(value: Any) -> Any:
    """A value of the same shape that says nothing."""
    if isinstance(value, list):
        return [_hidden(each) for each in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        return {key: _hidden(each) for key, each in cast("Mapping[str, Any]", value).items()}
    return PLACEHOLDER if isinstance(value, str) else value
