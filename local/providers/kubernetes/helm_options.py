"""From the inputs of a release to helm's options, and from helm's words to an error. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from local.charts.model import Wanted
from local.providers.kubernetes.trees import mapping
from local.toolchain.children import Ended

DEFAULT_SECONDS = 300.0
KEPT_REVISIONS = 10


def options_of(inputs: Mapping[str, Any], timeout: float) -> list[str]:
    """Options of an installation or an upgrade, as the inputs ask for them."""
    options = ["--skip-crds", "--timeout", f"{seconds_of(inputs, timeout):.0f}s"]
    if not inputs.get("skipAwait"):
        options.append("--wait")
        options += ["--wait-for-jobs"] if inputs.get("waitForJobs") else []
        options += ["--atomic"] if inputs.get("atomic") else []
    if inputs.get("disableWebhooks"):
        options.append("--no-hooks")
    if inputs.get("takeOwnership"):
        options.append("--take-ownership")
    return options


def wanted_of(inputs: Mapping[str, Any]) -> Wanted:
    """The chart that a release asks for."""
    repository = mapping(inputs.get("repositoryOpts")).get("repo") or ""
    return Wanted(str(inputs["chart"]), str(inputs["version"]), str(repository))


def named(inputs: Mapping[str, Any], *more: str) -> list[str]:
    """Name and namespace, with what stands between them."""
    return [str(inputs["name"]), *more, "--namespace", str(inputs["namespace"])]


def seconds_of(inputs: Mapping[str, Any], timeout: float) -> float:
    """How long helm may take: as the release says, or its resource, or the default."""
    given = inputs.get("timeout")
    return float(given) if isinstance(given, int | float) and given else timeout or DEFAULT_SECONDS


def of_upgrades(inputs: Mapping[str, Any]) -> list[str]:
    """Options that only an upgrade takes."""
    kept = int(inputs.get("maxHistory", KEPT_REVISIONS))
    cleanup = ["--cleanup-on-fail"] if inputs.get("cleanupOnFail") else []
    return [*cleanup, "--history-max", str(kept)]


def failure(came: str, ended: Ended, trouble: Sequence[str]) -> str:
    """A failure in words: what came of the release, what helm said, what pods lacked."""
    return "; ".join([f"the release {came}: {last_words(ended)}", *trouble])


def last_words(ended: Ended) -> str:
    """What helm said last, without its warnings."""
    lines = [line for line in ended.tail.splitlines() if line and "WARNING" not in line]
    return " ".join(lines[-3:]).removeprefix("Error: ")[:1000] or f"helm ended with {ended.code}"
