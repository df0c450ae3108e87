"""What the command says where it cannot even begin."""

from __future__ import annotations

import sys

import pytest

from farm.cli import COORDINATOR_LIBRARIES, main


@pytest.mark.parametrize("library", ["sqlalchemy", "pydantic"])
def test_a_host_without_the_coordinators_libraries_is_told_what_to_install(
    library: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert library in COORDINATOR_LIBRARIES
    for name in [m for m in sys.modules if m.split(".")[0] in (library, "farm") and m not in ("farm", "farm.cli")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)  # importing it raises ModuleNotFoundError
    monkeypatch.setattr(sys, "argv", ["farm", "devices"])
    with pytest.raises(SystemExit) as stopped:
        main(["devices"])
    assert stopped.value.code == 3
    said = capsys.readouterr().err
    assert said.startswith("farm: this command needs")
    assert "device-farm[coordinator]" in said


def test_an_unknown_command_suggests_near_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["sumbit"])
    assert stopped.value.code == 2
    assert "did you mean submit" in capsys.readouterr().err
