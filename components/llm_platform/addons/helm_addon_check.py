"""Checks of `HelmAddon`'s inputs. Pure."""

import re
from typing import TYPE_CHECKING

from llm_platform.addons.model import OCI
from llm_platform.aws.checks import duplicate_problems, enum_problems, range_problems
from llm_platform.kubernetes.checks import (
    RESERVED_NAMESPACES,
    label_problems,
    object_name_problems,
)
from llm_platform.kubernetes.kinds import PodSecurity
from llm_platform.kubernetes.tenant_namespace_check import version_problems
from llm_platform.problems import Problem
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.addons.helm_addon import HelmAddonArgs

RELEASE_NAME_LIMIT = 53
"""Helm's limit: it adds up to ten characters to the names of what it makes."""

_EXACT = re.compile(r"^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$")
_CHART = re.compile(r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$")
_OCI_CHART = re.compile(r"^oci://[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+$")
_URL = re.compile(r"^https://[A-Za-z0-9.-]+(:\d+)?(/\S*)?$")


def check_helm_addon(args: "HelmAddonArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of an add-on."""
    return [
        *object_name_problems("release_name", args.get("release_name"), RELEASE_NAME_LIMIT),
        *_chart_problems(args),
        *_namespace_problems(args),
        *range_problems("timeout_seconds", args.get("timeout_seconds"), 60, 3600, " s"),
        *_secret_problems(args),
        *check_tags(args.get("tags", {})),
    ]


def _chart_problems(args: "HelmAddonArgs") -> list[Problem]:
    problems = _version_problems(args)
    if "chart" not in args:
        return problems
    chart, repository = args["chart"], args.get("repository")
    if chart.startswith(OCI):
        if not _OCI_CHART.match(chart):
            allowed = "oci://HOST/PATH/CHART, without a tag"
            problems.append(Problem("chart", f"'{chart}' is no address of a chart", allowed))
        if repository is not None:
            what = "the chart's address says where it is"
            problems.append(Problem("repository", what, "left out with an oci:// chart"))
    else:
        if not _CHART.match(chart):
            allowed = "the chart's name in its repository, or its oci:// address"
            problems.append(Problem("chart", f"'{chart}' is no name of a chart", allowed))
        if repository is None or not _URL.match(repository):
            allowed = "an https:// URL, or an oci:// address as chart"
            problems.append(Problem("repository", f"'{repository}' is no repository", allowed))
    return problems


def _version_problems(args: "HelmAddonArgs") -> list[Problem]:
    if "version" not in args or _EXACT.match(args["version"]):
        return []
    allowed = "one exact version, such as 1.2.3"
    return [Problem("version", f"'{args['version']}' is no exact version", allowed)]


def _namespace_problems(args: "HelmAddonArgs") -> list[Problem]:
    namespace, own = args.get("namespace"), args.get("create_namespace", True)
    problems = [
        *object_name_problems("namespace", namespace),
        *enum_problems("pod_security", args.get("pod_security"), PodSecurity),
        *version_problems("kubernetes_version", args.get("kubernetes_version")),
        *label_problems("namespace_labels", args.get("namespace_labels", {})),
    ]
    if own and namespace in RESERVED_NAMESPACES:
        allowed = "another namespace, or create_namespace: false"
        problems.append(Problem("namespace", f"'{namespace}' is there already", allowed))
    if not own:
        problems += [
            Problem(key, "the namespace is not made here", "left out without create_namespace")
            for key in ("pod_security", "namespace_labels")
            if args.get(key)
        ]
    return problems


def _secret_problems(args: "HelmAddonArgs") -> list[Problem]:
    secrets = args.get("generated_secrets", [])
    names = [each.get("name") for each in secrets]
    problems = duplicate_problems("generated_secrets", names, "name")
    for index, secret in enumerate(secrets):
        path = f"generated_secrets[{index}]"
        problems += object_name_problems(f"{path}.name", secret.get("name"))
        problems += range_problems(f"{path}.length", secret.get("length"), 16, 128, " characters")
    return problems
