"""How long a model may take to load, from the size of its weights. Pure."""

import math

BASE_SECONDS = 120
"""Server, CUDA, kernels and graphs, before a byte of weights counts."""
LOAD_MIB_PER_SECOND = 150
"""Slowest rate at which weights come from a node's volume into a GPU: gp3 as it is by default has
125 to 1000 MiB a second; weights that were just fetched come from memory."""
SAFETY = 2.0
"""A probe that ends a pod which would have made it costs more than one that waits."""
PERIOD_SECONDS = 10


def startup_seconds(weights_gib: float) -> int:
    """Seconds after which a server that has not come up is started anew.

    Fetching the weights is not part of it: that happens before the server starts.
    """
    loading = weights_gib * 1024 / LOAD_MIB_PER_SECOND
    return math.ceil((BASE_SECONDS + SAFETY * loading) / PERIOD_SECONDS) * PERIOD_SECONDS


def failures(seconds: int) -> int:
    """Failed probes that a budget allows."""
    return max(math.ceil(seconds / PERIOD_SECONDS), 1)


def pod_start_seconds(weights_gib: float, fetch_mib_per_second: float = 200) -> int:
    """From a pod's creation to its first answer, for a model nobody has measured."""
    fetching = weights_gib * 1024 / fetch_mib_per_second
    loading = weights_gib * 1024 / LOAD_MIB_PER_SECOND
    return math.ceil(BASE_SECONDS + fetching + loading)
