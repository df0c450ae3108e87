"""What is made without looks for circles."""

from __future__ import annotations

import gc

import pytest

from farm.garbage import collect_frozen, without_collection


@pytest.mark.usefixtures("frozen_again")
@pytest.mark.parametrize("freeze", [True, False])
def test_garbage_collection_is_as_it_was(freeze: bool) -> None:
    frozen = gc.get_freeze_count()
    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        try:
            with without_collection(freeze=freeze):
                assert not gc.isenabled()
            assert gc.isenabled() is enabled
        finally:
            gc.enable()
    assert (gc.get_freeze_count() > frozen) is freeze
    collect_frozen()
    assert gc.get_freeze_count() == 0
