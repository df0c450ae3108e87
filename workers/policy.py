"""The tolerances that a verdict is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Scope(StrEnum):
    """What the gates of a policy are held against.

    Errors of low precision add up, until the end of a deep network says nothing of any layer: there each layer is judged by
    itself on golden inputs, and what comes out at the end is reported beside.
    """

    OUTPUTS = "outputs"
    LAYERS = "layers"


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits of a comparison; immutable, named and versioned. A change of any number is a new version.

    Element gate: ``|a - b| <= atol_rel * max|b| + rtol * |b|`` for all but ``allowed_share`` of the elements, where ``b`` is
    the golden output. Aggregate gate: signal-to-quantisation-noise ratio of at least ``sqnr_db`` dB and cosine similarity of at
    least ``cosine``. ``judged`` says what they are held against. How the numbers are derived is in ``docs/comparison.md``.
    """

    name: str
    version: int
    precision: str
    atol_rel: float
    rtol: float
    sqnr_db: float
    cosine: float
    allowed_share: float = 0.0
    judged: Scope = Scope.OUTPUTS

    @property
    def key(self) -> str:
        """``name/version``: how rows refer to it."""
        return f"{self.name}/{self.version}"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "judged": self.judged.value}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Policy:
        """What :meth:`to_json` made, of this version of the farm or an earlier one."""
        return cls(**{**body, "judged": Scope(body.get("judged", Scope.OUTPUTS))})
