"""EC2: what AWS refuses and moto accepts, and the few things that moto gets wrong."""
