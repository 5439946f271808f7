"""The state of a stack as something to keep: checked, archived, put back, carried to a release."""
