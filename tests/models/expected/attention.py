"""Attention modules."""

from tests.models.expected.forms import map_of

EXPECTED = dict.fromkeys(
    ("ECA", "CBAM", "SCSE", "NonLocal", "CoordinateAttention", "MultiHeadSelfAttention"), map_of(64)
)
