"""What `bench/gateway.py` measures the gateway against, and how."""
