"""What torch's own tests leave behind in a process is undone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mcore.parity.samples import free_backend_flags


@pytest.fixture(autouse=True, scope="module")
def flags_stay_free() -> Iterator[None]:
    """Samples import further tests of torch when they are made."""
    yield
    free_backend_flags()
