"""The local cloud: real tools and API servers on this machine, and AWS emulated beside them."""
