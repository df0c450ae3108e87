"""``farm web``, before it serves anything."""

from __future__ import annotations

from collections.abc import Callable

from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch


def test_without_an_inventory_it_ends_as_every_command_does(tiny: Scratch, farm: Callable[..., Said]) -> None:
    tiny.write({"inventory.yaml": None})
    served, listed = farm("web", "--port", "0"), farm("devices")
    assert (served.code, served.err) == (listed.code, listed.err)
    assert served.code == 2
