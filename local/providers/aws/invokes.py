"""placeholder"""

from typing import Any

FUNCTIONS: dict[str, Any] = {}
