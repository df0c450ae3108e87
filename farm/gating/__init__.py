"""The gate of a pull request: what a commit broke since its base, as an exit code and as reports for those who review it.

Nothing runs here: the gate reads what is recorded of both commits, so it can be asked again.
"""
