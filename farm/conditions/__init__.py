"""Under which condition a network that runs at some sizes fails at others: what fits, and which sizes tell more."""
