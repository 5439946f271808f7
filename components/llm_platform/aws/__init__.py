"""Components for AWS: network, cluster, model store, identities, budget."""
