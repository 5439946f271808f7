"""The Kubernetes control plane on this machine: certificates, flags, health, CRDs, inventory."""
