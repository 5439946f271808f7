"""A Kubernetes node on this machine: containerd and kubelet in namespaces of their own."""
