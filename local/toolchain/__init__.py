"""The programs that the local cloud runs: found, downloaded or built, and kept in a cache."""

from local.toolchain.finding import ensure
from local.toolchain.tools import TOOLS, Source, Tool

__all__ = ["TOOLS", "Source", "Tool", "ensure"]
