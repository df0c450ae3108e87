"""A capsule: a folder that replays one attempt anywhere, without the farm's repository and database.

::

    capsule.json    what was asked and what came of it: driver, profile, policy, limits, stack, outcome, figures
    bundle/         graph, weights, samples and manifest, as they were replayed
    replay.py       ``python replay.py``; so do ``farm-replay DIR`` and ``python -m workers.capsule DIR``
    SHA256SUMS      of every other file; ``sha256sum --check`` reads it

``farm repro`` makes one. Replaying it takes this package, and what the driver needs.

::

    CapsuleError           one line, with the exit code that a command ends with
    ├── CapsuleMissing  4  there is none
    └── CapsuleDamaged  3  it is not what it was when it was made
"""

from workers.capsule.contents import Capsule, Expected
from workers.capsule.errors import CapsuleDamaged, CapsuleError, CapsuleMissing
from workers.capsule.folder import read_capsule, write_capsule

__all__ = [
    "Capsule",
    "CapsuleDamaged",
    "CapsuleError",
    "CapsuleMissing",
    "Expected",
    "read_capsule",
    "write_capsule",
]
