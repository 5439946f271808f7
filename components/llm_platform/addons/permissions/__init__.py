"""What add-ons may do in AWS: statements of their roles' policies. Pure."""
