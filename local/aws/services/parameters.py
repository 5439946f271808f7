"""The public SSM parameters of EKS and Bottlerocket images."""

from datetime import UTC, datetime, time
from typing import Any

import moto.ssm.urls
from moto.ssm.models import Parameter, SimpleSystemManagerBackend

from local.aws.data import ami_releases

_PREFIXES = ("/aws/service/eks/", "/aws/service/bottlerocket/")


class ParameterBackend(SimpleSystemManagerBackend):
    """SSM of one region; the public parameters are answered, but not stored or listed."""

    @property
    def _url_module(self) -> Any:
        return moto.ssm.urls

    def get_parameter(self, name: str) -> Parameter | None:
        """GetParameter: a public one by name, else one of the account."""
        if name.startswith(_PREFIXES):
            value = ami_releases.parameters(self.region_name).get(name.partition(":")[0])
            return self._public(name, value) if value else None
        return super().get_parameter(name)

    def get_parameters(self, names: list[str]) -> dict[str, Parameter]:
        """GetParameters, public ones and others."""
        found = super().get_parameters([name for name in names if not name.startswith(_PREFIXES)])
        for name in names:
            public = self.get_parameter(name) if name.startswith(_PREFIXES) else None
            if public is not None:
                found[name] = public
        return found

    def get_parameters_by_path(
        self,
        path: str,
        recursive: bool,
        filters: list[dict[str, Any]] | None = None,
        next_token: str | None = None,
        max_results: int = 10,
    ) -> tuple[list[Parameter], str | None]:
        """GetParametersByPath."""
        root = path.rstrip("/") + "/"
        if not root.startswith(_PREFIXES):
            return super().get_parameters_by_path(path, recursive, filters, next_token, max_results)
        found = [
            self._public(name, value)
            for name, value in sorted(ami_releases.parameters(self.region_name).items())
            if name.startswith(root) and (recursive or "/" not in name.removeprefix(root))
        ]
        start = int(next_token or 0)
        end = start + max_results
        return found[start:end], str(end) if end < len(found) else None

    def _public(self, name: str, value: str) -> Parameter:
        parameter: Any = Parameter(
            account_id=self.account_id,
            name=name,
            value=value,
            parameter_type="String",
            description=None,
            allowed_pattern=None,
            keyid=None,
            last_modified_date=datetime.combine(ami_releases.AS_OF, time(), UTC),
            version=1,
            data_type="aws:ec2:image" if name.endswith("image_id") else "text",
        )
        return parameter
