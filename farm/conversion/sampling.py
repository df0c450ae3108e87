"""Which of a submission's conversions are repeated; pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection
from dataclasses import dataclass

#: Where so many repeats in a row were of no network of the task list, the next one is.
LISTED_AFTER = 3
#: First conversions have the hash seed 0, repeats one from 1 to this: what a database calls an integer.
MAX_HASH_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A conversion that may be repeated.

    Args:
        key: of the architecture.
        checked: number of its last repeat that said something, higher for a later one; ``None`` where there was none.
        listed: it is on the task list.
        doubted: its last repeat gave another bundle.
    """

    key: str
    checked: int | None = None
    listed: bool = False
    doubted: bool = False


def sample_size(conversions: int, share: float) -> int:
    """How many of a submission's conversions are repeated: the share, rounded up, so one at least; of a share of 0, none."""
    return math.ceil(conversions * share)


def choose(candidates: Collection[Candidate], count: int, *, unlisted: int, seed: str) -> list[str]:
    """Keys of the conversions to repeat: all that are in doubt, and ``count`` of the others.

    What was never checked goes first, then what was checked longest ago; ``seed`` decides between equals. The task list does
    not starve though new architectures come all the time: after :data:`LISTED_AFTER` others it is its turn.

    Args:
        candidates: the conversions of one submission.
        count: how many are wanted, those in doubt not counted.
        unlisted: how many repeats, of earlier submissions too, there were since the last one of the task list.
        seed: any text.
    """
    chosen = sorted(c.key for c in candidates if c.doubted)
    rest = sorted(
        (c for c in candidates if not c.doubted),
        key=lambda c: (c.checked is not None, c.checked or 0, _digest(seed, c.key)),
    )
    for _ in range(min(count, len(rest))):
        listed = [c for c in rest if c.listed] if unlisted >= LISTED_AFTER else []
        pick = (listed or rest)[0]
        unlisted = 0 if pick.listed else unlisted + 1
        rest.remove(pick)
        chosen.append(pick.key)
    return chosen


def hash_seed(seed: str) -> int:
    """A hash seed for a repeat, from any text; never the one that first conversions have."""
    return 1 + int.from_bytes(_digest(seed, "")[:8], "big") % MAX_HASH_SEED


def _digest(seed: str, key: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{key}".encode()).digest()
