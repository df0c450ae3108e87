"""The tolerances that a verdict is judged by."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits of a comparison; immutable, named and versioned. A change of any number is a new version.

    Element gate: ``|a - b| <= atol_rel * max|b| + rtol * |b|`` for all but ``allowed_share`` of the elements, where ``b`` is
    the golden output. Aggregate gate: signal-to-quantisation-noise ratio of at least ``sqnr_db`` dB and cosine similarity of at
    least ``cosine``. Starting values are from measured errors of each precision.
    """

    name: str
    version: int
    precision: str
    atol_rel: float
    rtol: float
    sqnr_db: float
    cosine: float
    allowed_share: float = 0.0

    @property
    def key(self) -> str:
        """``name/version``: how rows refer to it."""
        return f"{self.name}/{self.version}"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)
