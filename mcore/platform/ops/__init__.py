"""The op set of the Platform: one file per family, each op declared once in :mod:`mcore.platform.ops.registry`."""
