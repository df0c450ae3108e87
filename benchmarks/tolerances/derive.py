"""The rule by which the numbers of the default policies follow from the errors over the zoo.

Of each policy's columns the largest error (relative to the peak) and the least SQNR over all architectures count. The limits
leave a factor of room to them, :data:`ROOM`. For outputs it is three: what different kernels make of one network
differs by less (``docs/comparison.md``), and more would let wrong weights through, as ``python -m benchmarks.mutations`` tells.
For single layers, which differ little, it is two.

- ``atol_rel``: room times the largest error, to the nearest of 1, 2 and 5 times a power of ten;
- ``rtol``: half of that;
- ``sqnr_db``: the least SQNR, less the room in dB, down to a multiple of 5;
- ``cosine``: 1 less the gap that noise at the SQNR limit makes, up to a power of ten.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.policy import Scope

Row = Mapping[str, Any]
#: What the limits leave to the worst that was observed.
ROOM: Mapping[Scope, float] = {Scope.OUTPUTS: 3.0, Scope.LAYERS: 2.0}


@dataclass(frozen=True, slots=True)
class Basis:
    """What a policy's numbers come from: outputs or layers, and which columns of them."""

    precision: str
    judged: Scope
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worst:
    """The largest error, relative to the peak, and the least SQNR in dB."""

    rel: float
    sqnr_db: float


#: Devices of bfloat16 sum in float32; of those of float16 some do not.
BASES: Mapping[str, Basis] = {
    "fp32": Basis("float32", Scope.OUTPUTS, ("torch", "default", "exact")),
    "fp32_fast": Basis("float32", Scope.OUTPUTS, ("fast",)),
    "fp16": Basis("float16", Scope.LAYERS, ("fp16 storage", "fp16")),
    "bf16": Basis("bfloat16", Scope.LAYERS, ("bf16 storage",)),
    "int8": Basis("int8", Scope.LAYERS, ("int8",)),
}


def read_rows(path: Path) -> list[Row]:
    """The rows of a results file, none where there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def derived(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Precision, scope and limits of each policy, as ``inventory.yaml`` has them; none without rows."""
    return {name: limits(rows, basis) for name, basis in BASES.items()} if rows else {}


def worst_of(rows: Sequence[Row], basis: Basis) -> Worst:
    """The worst figures of its columns over all architectures."""
    found = [row[basis.judged][column] for row in rows for column in basis.columns]
    return Worst(max(figure["rel"] for figure in found), min(figure["sqnr_db"] for figure in found))


def limits(rows: Sequence[Row], basis: Basis) -> dict[str, Any]:
    """One policy by the rule."""
    worst, room = worst_of(rows, basis), ROOM[basis.judged]
    atol_rel = round_125(room * worst.rel)
    sqnr_db = 5 * math.floor((worst.sqnr_db - 20 * math.log10(room)) / 5)
    digits = math.floor(-math.log10(gap_at(sqnr_db)))
    return {
        "precision": basis.precision,
        "judged": basis.judged.value,
        "atol_rel": atol_rel,
        "rtol": atol_rel / 2,
        "sqnr_db": sqnr_db,
        "cosine": round(1 - 10.0**-digits, digits),
    }


def round_125(value: float) -> float:
    """The nearest, by ratio, of 1, 2 and 5 times a power of ten."""
    power = math.floor(math.log10(value))
    steps = [digit * 10.0**exponent for exponent in (power, power + 1) for digit in (1, 2, 5)]
    return float(f"{min(steps, key=lambda step: abs(math.log(step / value))):.0e}")


def gap_at(sqnr_db: float) -> float:
    """How much is left to a cosine of 1 by noise of that SQNR that has nothing to do with the signal."""
    return 1 - 1 / math.sqrt(1 + 10 ** (-sqnr_db / 10)) if sqnr_db < 100 else 10 ** (-sqnr_db / 10) / 2
