"""How strictly each policy is enforced in each environment."""

from llm_platform_policies.model import Level
from llm_platform_policies.settings import EnvironmentName

_LETTERS = {"M": Level.MANDATORY, "a": Level.ADVISORY, "-": Level.DISABLED}

_TABLE = """
policy                           local  live  dev  staging  prod
cost-instance-type-allowed         M     M     M     M      M
cost-node-count                    M     M     M     M      M
cost-gpu-count-max                 M     M     M     M      M
cost-worst-case-budget             M     M     M     M      M
cost-running-total                 M     M     M     M      M
cost-unpriced-resource             M     M     M     M      M
cost-catalogue-stale               a     a     a     a      a
cost-catalogue-expired             a     a     M     M      M
cost-extended-support              M     M     M     M      M
cost-log-retention                 a     a     M     M      M
cost-tags-required                 M     M     M     M      M
network-public-endpoint            M     M     M     M      M
network-open-ingress               M     M     M     M      M
network-public-service             M     M     M     M      M
network-private-nodes              M     M     M     M      M
storage-encryption                 M     M     M     M      M
storage-public-access              M     M     M     M      M
storage-bucket-guarded             M     M     M     M      M
iam-wildcard                       M     M     M     M      M
iam-cluster-masters                M     M     M     M      M
compute-imdsv2                     M     M     M     M      M
eks-version-supported              a     a     M     M      M
eks-version-ending                 a     a     a     a      a
eks-logging                        M     M     M     M      M
pods-privileged                    M     M     M     M      M
pods-limits                        M     M     M     M      M
images-pinned                      M     M     M     M      M
images-digest                      -     -     -     a      a
unverifiable-at-preview            a     a     a     a      a
exceptions-expired                 M     M     M     M      M
exceptions-unused                  a     a     a     a      a
"""


def _read(table: str) -> dict[str, dict[EnvironmentName, Level]]:
    head, *rows = table.strip().splitlines()
    environments = [EnvironmentName(name) for name in head.split()[1:]]
    found: dict[str, dict[EnvironmentName, Level]] = {}
    for row in rows:
        policy, *letters = row.split()
        found[policy] = {
            environment: _LETTERS[letter]
            for environment, letter in zip(environments, letters, strict=True)
        }
    return found


LEVELS: dict[str, dict[EnvironmentName, Level]] = _read(_TABLE)
"""Policy id to environment to level; complete, see ``tests/policies/test_levels.py``."""


def level_of(policy: str, environment: EnvironmentName) -> Level:
    """How strictly a policy is enforced in an environment."""
    return LEVELS[policy][environment]
