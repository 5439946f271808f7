"""Stand-in for the `kubernetes` provider: server-side apply against a real API server."""
