"""What the command says where it cannot even begin."""

from __future__ import annotations

import subprocess
import sys

import pytest

from farm.cli import COORDINATOR_LIBRARIES, main
from farm.extras import bring


@pytest.mark.parametrize("library", ["sqlalchemy", "pydantic"])
def test_a_host_without_the_coordinators_libraries_is_told_what_to_install(library: str) -> None:
    """In a process of its own: what this one has imported cannot be taken back."""
    assert library in COORDINATOR_LIBRARIES
    absent = f"import sys; sys.modules[{library!r}] = None"  # importing it raises ModuleNotFoundError
    code = f"{absent}; from farm.cli import main; main(['devices'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("farm: this command needs")
    assert done.stderr.endswith(f": {bring('coordinator')}\n")


def test_an_unknown_command_suggests_near_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["sumbit"])
    assert stopped.value.code == 2
    assert "did you mean submit" in capsys.readouterr().err
