"""Drift: what differs between the state and the cloud, whose it is, and what `up` does with it."""
