"""An exported state, made fit to plan against where its secrets cannot be read. Pure.

Another backend's passphrase or key is never asked for: every secret is masked as a value that
is not known. What is made from it is not known either, and a masked value is compared with
nothing (see `local.providers.offline.masked`).
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from llm_platform.problems import InvalidInputsError, Problem
from local.assumed.model import Fact
from local.providers.kubernetes.trees import mapping, sequence

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine writes a value that is not known."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature of the state's format
_ACCOUNT = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):")
_MADE_BY = "`llmp state export ENV` or `pulumi stack export --stack ENV`"


@dataclass(frozen=True)
class ExportedState:
    """A state to plan against.

    Attributes:
        version: Version of the format.
        deployment: The state, secrets masked, without operations that were under way.
        resources: How many resources stand in a cloud.
        masked: How many secrets were masked.
        pending: How many operations were under way when it was exported; they are left out.
        account: The AWS account that it is in, if it tells.
    """

    version: int
    deployment: Mapping[str, Any]
    resources: int
    masked: int
    pending: int
    account: Fact | None


def read_exported(path: Path, stack: str) -> ExportedState:
    """The state in a file, checked to be one of `stack`; a name in ``.gz`` means compressed.

    Raises:
        InvalidInputsError: The file cannot be read, is no exported state, or is of another stack.
    """
    try:
        content = path.read_bytes()
        document: Any = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    except (OSError, EOFError) as error:
        raise _wrong(path, f"cannot be read: {error}", "a file") from None
    except ValueError as error:
        raise _wrong(path, f"is no JSON: {error}", _MADE_BY) from None
    return exported(document, stack, path)


def exported(document: Any, stack: str, path: Path) -> ExportedState:
    """The same of a parsed document; `path` is named in errors."""
    whole = mapping(document)
    deployment = mapping(whole.get("deployment"))
    resources = [mapping(each) for each in sequence(deployment.get("resources"))]
    if "deployment" not in whole:
        raise _wrong(path, "has no `deployment`", _MADE_BY)
    stacks = {str(each.get("urn", "")).split("::")[0].rpartition(":")[2] for each in resources}
    if stacks - {stack}:
        found = ", ".join(sorted(stacks))
        raise _wrong(path, f"is a state of stack {found}", f"a state of stack {stack}")
    masks = Counter[str]()
    masked = mapping(_masked(deployment, masks))
    pending = len(sequence(masked.pop("pending_operations", None)))
    # the engine takes the provider of secrets of its own stack
    masked.pop("secrets_providers", None)
    return ExportedState(
        version=int(whole.get("version", 3)),
        deployment=masked,
        resources=sum(1 for each in resources if _stands(each)),
        masked=masks["secrets"],
        pending=pending,
        account=_account(deployment, resources),
    )


def _stands(resource: Mapping[str, Any]) -> bool:
    return bool(resource.get("custom")) and not str(resource.get("type")).startswith("pulumi:")


def _masked(value: Any, masks: Counter[str]) -> Any:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        if fields.get(_SIGNATURE) == _SECRET:
            masks["secrets"] += 1
            return UNKNOWN
        return {name: _masked(each, masks) for name, each in fields.items()}
    if isinstance(value, list):
        return [_masked(each, masks) for each in cast("list[Any]", value)]
    return value


def _account(deployment: Mapping[str, Any], resources: list[dict[str, Any]]) -> Fact | None:
    """The account that most ARNs of AWS resources name."""
    found = Counter(
        number
        for each in resources
        if str(each.get("type")).startswith("aws:")
        for number in _accounts(mapping(each.get("outputs")).get("arn"))
    )
    if not found:
        return None
    moment = str(mapping(deployment.get("manifest")).get("time", ""))
    return Fact(found.most_common(1)[0][0], moment[:10], "ARNs in the exported state")


def _accounts(arn: Any) -> Iterator[str]:
    match = _ACCOUNT.match(arn) if isinstance(arn, str) else None
    if match:
        yield match[1]


def _wrong(path: Path, problem: str, allowed: str) -> InvalidInputsError:
    return InvalidInputsError("--state", [Problem(str(path), problem, allowed)])
