"""From a line of the table to the inputs of components. Pure."""

from typing import TYPE_CHECKING

from llm_platform.addons.context import AddonContext
from llm_platform.addons.kinds import CrdSource
from llm_platform.addons.model import AddonSecret
from llm_platform.addons.table import ADDONS
from llm_platform.addons.values import addon_values
from llm_platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_platform.addons.helm_addon import HelmAddonArgs
    from llm_platform.aws.workload_identity import WorkloadIdentityArgs
    from llm_platform.kubernetes.generated_secret import GeneratedSecret

NEEDS: dict[str, tuple[tuple[str, str], ...]] = {
    "loki": (("log_bucket", "a bucket for logs"),),
    "karpenter": (
        ("interruption_queue", "a queue of interruption notices"),
        ("node_role_arn", "a role of nodes"),
    ),
    "mlflow": (
        ("mlflow_database", "a PostgreSQL database"),
        ("artifact_bucket", "a bucket for artefacts"),
    ),
}
"""What add-ons cannot do without: attributes of the context, in words."""


def check_context(
    selection: "Iterable[str]", context: AddonContext, path: str = "addons"
) -> list[Problem]:
    """What the context lacks of what the selected add-ons need."""
    return [
        Problem(path, f"'{name}' needs {words}", f"a context with {attribute}, or without {name}")
        for name in selection
        for attribute, words in NEEDS.get(name, ())
        if getattr(context, attribute) is None
    ]


def addon_args(name: str, context: AddonContext) -> "HelmAddonArgs":
    """Inputs of the `HelmAddon` for the add-on `name` of the table; the caller adds tags.

    Raises:
        KeyError: There is no such add-on.
        ValueError: The context lacks what it needs.
    """
    addon = ADDONS[name]
    args: HelmAddonArgs = {
        "chart": addon.reference,
        "version": addon.version,
        "namespace": addon.namespace,
        "release_name": addon.name,
        "create_namespace": addon.own_namespace,
        "values": addon_values(name, context),
        "timeout_seconds": addon.timeout_minutes * 60,
        "skip_crds": addon.crds is CrdSource.ELSEWHERE,
    }
    if not addon.is_oci:
        args["repository"] = addon.repository
    if addon.own_namespace:
        args["pod_security"] = addon.pod_security
    if addon.secrets and context.passwords:
        args["generated_secrets"] = [_secret(each) for each in addon.secrets]
    return args


def identity_args(name: str, context: AddonContext) -> "WorkloadIdentityArgs | None":
    """Inputs of the add-on's `WorkloadIdentity`; none when it needs nothing of AWS.

    Raises:
        KeyError: There is no such add-on.
        ValueError: The context lacks what it needs.
    """
    addon = ADDONS[name]
    if addon.identity is None:
        return None
    statements = addon.identity.statements(context)
    managed = list(addon.identity.managed_policies)
    if not statements and not managed:
        return None
    return {
        "cluster_name": context.cluster_name,
        "namespace": addon.namespace,
        "service_account": addon.identity.service_account,
        "statements": statements,
        "managed_policies": managed,
    }


def _secret(secret: AddonSecret) -> "GeneratedSecret":
    return {
        "name": secret.name,
        "user": secret.user,
        "user_key": secret.user_key,
        "password_key": secret.password_key,
    }
