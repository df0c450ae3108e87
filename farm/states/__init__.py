"""What the farm speaks of, as values: where things stand, the only moves between, and what is said of them; pure."""
