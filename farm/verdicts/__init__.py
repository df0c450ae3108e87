"""From attempts to verdicts: deciding them again, passing them on to equal bundles, and their figures."""
