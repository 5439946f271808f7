"""A day of requests in some minutes: what is sent, how, and what became of each."""
