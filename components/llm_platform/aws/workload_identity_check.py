"""Checks of `WorkloadIdentity`'s inputs: who may use the role, and nothing too broad. Pure."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from llm_platform.aws.checks import enum_problems, name_problems
from llm_platform.aws.kinds import IdentityMode
from llm_platform.problems import Problem
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.aws.workload_identity import PolicyStatement, WorkloadIdentityArgs

MIN_REASON = 10

_ACTION = re.compile(r"^[a-z0-9-]+:[A-Za-z*]+\Z")
_SID = re.compile(r"^[A-Za-z0-9]+\Z")
_FORBIDDEN_POLICIES = re.compile(
    r"(^|/)(AdministratorAccess.*|PowerUserAccess|IAMFullAccess|.*FullAccess.*)\Z"
)


def check_workload_identity(args: "WorkloadIdentityArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a workload identity."""
    problems = [
        *enum_problems("mode", args.get("mode"), IdentityMode),
        *name_problems("namespace", args.get("namespace"), 63),
        *name_problems("service_account", args.get("service_account"), 63),
        *_oidc_problems(args),
        *_managed_policy_problems(args.get("managed_policies", [])),
        *check_tags(args.get("tags", {})),
    ]
    for index, statement in enumerate(args.get("statements", [])):
        problems += _statement_problems(f"statements[{index}]", statement)
    return problems


def is_wide_resource(resource: str) -> bool:
    """Whether an ARN names no resource in particular: ``*``, or a wildcard where its name begins.

    ``arn:aws:s3:::models/*`` names a bucket and is not wide; ``arn:aws:s3:::*`` is.
    """
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return "*" in resource
    service, name = parts[2], parts[5]
    kind, separator, rest = name.partition("/")
    own_name = rest if separator and service != "s3" else name
    return "*" in service or own_name.startswith("*") or kind.startswith("*")


def _oidc_problems(args: "WorkloadIdentityArgs") -> list[Problem]:
    needed = ("oidc_provider_arn", "oidc_issuer")
    given = [key for key in needed if args.get(key)]
    if args.get("mode") == IdentityMode.IRSA:
        return [
            Problem(key, "IRSA needs the cluster's OIDC provider", "an output of Cluster")
            for key in needed
            if key not in given
        ]
    return [Problem(key, "it has no meaning with Pod Identity", "left out") for key in given]


def _managed_policy_problems(names: Sequence[str]) -> list[Problem]:
    problems: list[Problem] = []
    for index, name in enumerate(names):
        path = f"managed_policies[{index}]"
        if name.startswith("arn:"):
            allowed = "the name with its path, such as service-role/AmazonEBSCSIDriverPolicy"
            problems.append(Problem(path, f"'{name}' is an ARN", allowed))
        elif _FORBIDDEN_POLICIES.search(name):
            allowed = "statements with the actions that the pods need"
            problems.append(Problem(path, f"'{name}' gives far more than pods need", allowed))
    return problems


def _statement_problems(path: str, statement: "PolicyStatement") -> list[Problem]:
    reason = statement.get("wildcard_reason", "")
    actions, resources = statement.get("actions", []), statement.get("resources", [])
    problems: list[Problem] = []
    if "sid" in statement and not _SID.match(statement["sid"]):
        what = f"the statement's name '{statement['sid']}'"
        problems.append(Problem(f"{path}.sid", what, "letters and digits"))
    for name, values in (("actions", actions), ("resources", resources)):
        if name in statement and not values:
            problems.append(Problem(f"{path}.{name}", "empty", "at least one"))
    if reason and len(reason) < MIN_REASON:
        allowed = f"a sentence of at least {MIN_REASON} characters"
        problems.append(Problem(f"{path}.wildcard_reason", f"'{reason}' is no reason", allowed))
    for index, action in enumerate(actions):
        problems += _action_problems(f"{path}.actions[{index}]", action, bool(reason))
    for index, resource in enumerate(resources):
        if isinstance(resource, str) and is_wide_resource(resource) and not reason:
            what = f"'{resource}' names no resource in particular"
            allowed = "ARNs, or a wildcard_reason that says why there can be none"
            problems.append(Problem(f"{path}.resources[{index}]", what, allowed))
    return problems


def _action_problems(path: str, action: str, excused: bool) -> list[Problem]:
    service, _, verb = action.partition(":")
    if action == "*" or verb == "*" or "*" in service:
        what = f"'{action}' is every action of a service"
        return [Problem(path, what, "single actions; no reason excuses this")]
    if not _ACTION.match(action):
        return [Problem(path, f"'{action}' is not an IAM action", "service:Action")]
    if "*" in verb and not excused:
        what = f"'{action}' has a wildcard"
        return [Problem(path, what, "single actions, or a wildcard_reason for this statement")]
    return []
