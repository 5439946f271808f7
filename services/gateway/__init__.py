"""The gateway: what stands between clients and Triton."""
