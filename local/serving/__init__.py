"""`llmp serve`: Triton and the gateway as processes of this machine, under the keeper."""
