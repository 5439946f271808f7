"""EKS as the platform needs it, on top of moto's clusters and node groups."""
