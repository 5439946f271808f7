"""Charts made from the manifests of a project's Go module, one module of ours each.

Each knows the values that the platform gives to the real chart: those that it obeys, and those
of what it leaves out. Any other value is refused by name.
"""
