"""Which networks of torchvision and timm convert and replay on the NumPy Platform, by a run over a fixed catalogue.

``make thirdparty``, or ``python -m benchmarks.thirdparty``. :mod:`.catalogue` names the networks, :mod:`.packages` imports
them under ``mcore.adopt``, :mod:`.sizes` finds out what sizes one takes, :mod:`.convert` is the child process that converts
one, :mod:`.sweep` runs over all of them, :mod:`.document` writes what came of it.
"""
