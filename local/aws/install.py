"""Puts our backends and responses into moto, before moto makes any of its own."""

import importlib
import os
from collections.abc import Callable
from typing import Any

from local.aws.facts import ACCOUNT

_ENVIRONMENT = {
    "MOTO_ACCOUNT_ID": ACCOUNT,
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def prepare() -> None:
    """Set what moto reads from the environment; before anything of moto is imported."""
    os.environ.update(_ENVIRONMENT)


def install() -> None:
    """Replace what we extend. Once per process, before the first request."""
    prepare()
    from local.aws.ec2.backend import Ec2Backend  # noqa: PLC0415 moto, after the environment
    from local.aws.ec2.responses import Ec2Response  # noqa: PLC0415
    from local.aws.eks.responses import EksResponse  # noqa: PLC0415
    from local.aws.eks.state import EksBackend  # noqa: PLC0415
    from local.aws.services import s3  # noqa: PLC0415
    from local.aws.services.budgets import BudgetsResponseWithTags  # noqa: PLC0415
    from local.aws.services.cost_explorer import CostBackend, CostResponse  # noqa: PLC0415
    from local.aws.services.kms import KmsResponseWithPeriod  # noqa: PLC0415
    from local.aws.services.logs import LogsResponseWithKeys  # noqa: PLC0415
    from local.aws.services.parameters import ParameterBackend  # noqa: PLC0415
    from local.aws.services.quotas import QuotasResponse  # noqa: PLC0415
    from local.aws.services.sts import StsBackend  # noqa: PLC0415

    _replace("eks", EksBackend, {"{0}/.*$": EksResponse.dispatch})
    _replace("ec2", Ec2Backend, {"{0}/": Ec2Response.dispatch})
    _replace("ce", CostBackend, {"{0}/$": CostResponse.dispatch})
    _replace("kms", None, {"{0}/$": KmsResponseWithPeriod.dispatch})
    _replace("logs", None, {"{0}/$": LogsResponseWithKeys.dispatch})
    _replace("budgets", None, {"{0}/$": BudgetsResponseWithTags.dispatch})
    _replace("servicequotas", None, {"{0}/$": QuotasResponse.dispatch})
    _replace("ssm", ParameterBackend, None)
    _replace("sts", StsBackend, None)
    s3.install()


def _replace(
    service: str, backend: type[Any] | None, paths: dict[str, Callable[..., Any]] | None
) -> None:
    """Let `service` be answered by our classes; None leaves moto's."""
    from local.aws.backends import backend_dict  # noqa: PLC0415 moto, after the environment

    if backend is not None:
        backend_dict(service).backend = backend
    if paths is not None:
        urls: Any = importlib.import_module(f"moto.{service}.urls")
        urls.url_paths = paths
