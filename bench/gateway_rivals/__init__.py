"""What `bench/beside_others.py` measures the gateway against, and how."""
