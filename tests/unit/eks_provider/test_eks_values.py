"""Values that `eks.Cluster` works out, as the real component writes them."""

import json
from typing import Any

import pytest

from local.providers.eks.values import cni_configuration


@pytest.mark.parametrize(
    ("option", "value", "variable", "expected"),
    [
        # every number of a component's inputs arrives as a float
        ("warmPrefixTarget", 1.0, "WARM_PREFIX_TARGET", "1"),
        ("warmIpTarget", 12, "WARM_IP_TARGET", "12"),
        ("eniMtu", 8951.0, "AWS_VPC_ENI_MTU", "8951"),
        ("warmEniTarget", 1.5, "WARM_ENI_TARGET", "1.5"),
        ("enablePrefixDelegation", True, "ENABLE_PREFIX_DELEGATION", "true"),
        ("logLevel", "WARN", "AWS_VPC_K8S_CNI_LOGLEVEL", "WARN"),
    ],
)
def test_options_become_environment_variables(
    option: str, value: Any, variable: str, expected: str
) -> None:
    assert json.loads(cni_configuration({option: value}))["env"][variable] == expected
