"""One handler per resource type, grouped by service."""
