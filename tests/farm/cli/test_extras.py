"""What a command says that an extra of the installation is lacking for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from farm import extras
from farm.errors import ExitCode
from farm.extras import bring
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch


@pytest.mark.parametrize(
    "command",
    [("convert", "tiny"), ("submit", "--all"), ("converter",), ("audit", "--since", "HEAD")],
    ids=lambda command: command[0],
)
def test_without_torch_no_network_is_blamed(
    tiny: Scratch, farm: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    said = farm(*command)
    assert said.code == ExitCode.INFRASTRUCTURE
    assert said.err.splitlines()[-1] == f"farm: converting needs torch: {bring('convert')}"
    assert farm("history", "tiny").code == ExitCode.NOT_FOUND  # nothing was entered
