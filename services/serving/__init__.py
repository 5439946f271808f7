"""What runs inside Triton, and what checks and starts its model repository."""
