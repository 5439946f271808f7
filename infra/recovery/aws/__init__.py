"""How each type of AWS resource is found: by its tags where it has any, else by its name."""
