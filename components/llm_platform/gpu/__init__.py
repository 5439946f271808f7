"""GPU nodes: the pool, the instance types, and who advertises the GPUs."""
