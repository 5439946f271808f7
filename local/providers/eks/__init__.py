"""Stand-in for the `eks` provider: builds the children that the real component builds."""
