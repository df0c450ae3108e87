"""Which commit broke an architecture on a device: bisection over bundles, not over commits.

Commits that convert to the same bundle have the same result, so one run answers for all of them.
"""
