"""What the platform puts into a Kubernetes cluster itself: namespaces, rules, defaults."""
