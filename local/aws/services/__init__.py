"""Small additions to the other services."""
