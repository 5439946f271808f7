"""The add-ons of the platform: one table of charts, their values, and how they are installed."""
