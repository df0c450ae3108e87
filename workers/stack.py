"""The stack of a unit: versions of all that can change a result (its driver's fingerprint), and one hash of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def stack_hash(fingerprint: Mapping[str, str]) -> str:
    """The sha256 (hex) that names a stack; host and coordinator compute the same."""
    return hashlib.sha256(json.dumps(dict(fingerprint), sort_keys=True).encode()).hexdigest()


def stack_changes(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """How two stacks differ: ``numpy 2.4.0 → 2.4.1``, by name."""
    names = sorted(before.keys() | now.keys())
    return tuple(
        f"{name} {before.get(name, 'none')} → {now.get(name, 'none')}"
        for name in names
        if before.get(name) != now.get(name)
    )
