"""How quick selection is; ``python -m benchmarks.select``."""
