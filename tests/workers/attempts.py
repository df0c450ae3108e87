"""Requests for attempts on small bundles."""

from pathlib import Path
from typing import Any

from tests.workers.policies import FP32
from workers.request import AttemptRequest, Limits

NONCE = "5f3c" * 8


def request_for(
    folder: Path,
    bundle: str,
    driver: str = "numpy",
    *,
    time_s: float = 60.0,
    memory_bytes: int = 2 << 30,
    **profile: Any,
) -> AttemptRequest:
    """A request to replay the bundle in ``folder``; keywords besides the limits are the profile."""
    return AttemptRequest(str(folder), bundle, driver, profile, FP32, Limits(time_s, memory_bytes), NONCE)
