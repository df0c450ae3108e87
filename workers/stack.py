"""The stack of a unit: versions of all that can change a result (its driver's fingerprint), and one hash of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def stack_hash(fingerprint: Mapping[str, str]) -> str:
    """The sha256 (hex) that names a stack; host and coordinator compute the same."""
    return hashlib.sha256(json.dumps(dict(fingerprint), sort_keys=True).encode()).hexdigest()
