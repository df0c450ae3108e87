"""The Platform: its exchange format, op set, NumPy kernels, runtime and eager backend.

Nothing in this package imports torch, SQL or Celery: it is what a device host installs.
"""
