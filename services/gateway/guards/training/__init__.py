"""How the weights of the guards' linear models are made; see `gateway.guards.training.__main__`."""
