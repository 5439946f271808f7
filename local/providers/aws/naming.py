"""Names of resources that the program leaves unnamed."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from local.providers.aws.schema import AutoName
from local.providers.model import ProviderError

RANDOM_DIGITS = 7


def auto_name(rule: AutoName, logical: str, seed: bytes, inputs: Mapping[str, Any]) -> str:
    """Name for a resource: the same for the same seed, so that preview and update agree.

    Raises:
        ProviderError: The logical name is too long.
    """
    prefix = f"{rule.transform(logical)}-"
    if len(prefix) + RANDOM_DIGITS > rule.longest:
        raise ProviderError(
            f"name {prefix!r} plus {RANDOM_DIGITS} random characters is longer than the "
            f"{rule.longest} that {rule.property!r} allows: give {rule.property!r}"
        )
    digest = hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(RANDOM_DIGITS)
    return rule.finish(prefix + digest[:RANDOM_DIGITS], inputs)
