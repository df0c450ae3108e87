"""Whatever is named on a command line and is not there: the nearest that is there is named, in one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from farm.database.engine import Database
from farm.errors import ExitCode
from farm.inventory import load_inventory
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.rows import judge, submit


@pytest.fixture
def recorded(tiny: Scratch, migrated_sqlite: Path) -> None:
    (tiny.root / ".farm").mkdir()
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tiny.root / '.farm' / 'farm.sqlite')}")
    inventory = load_inventory(tiny.root / "inventory.yaml")
    submit(database, inventory, ["tiny"], tiny.git("rev-parse", "HEAD"))
    judge(database, inventory)
    database.close()


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    ("line", "near"),
    [
        ("statsu tiny", "status"),
        ("devices drian", "'drain'"),
        ("status tinny", "tiny"),
        ("status tiny@mian", "main"),
        ("status tiny --kind netork", "network:tiny"),
        ("history tinny", "tiny"),
        ("history tiny --device numpx", "numpy"),
        ("why tinny", "tiny"),
        ("why tiny --reaches Blok", "Block"),
        ("plan --name tinny", "tiny"),
        ("plan --changed-since mian", "main"),
        ("convert tinny", "tiny"),
        ("convert tiny --kind netork", "network:tiny"),
        ("table --device numpx", "numpy"),
        ("table --kind netork", "network"),
        ("table --verdict FALED", "FAILED"),
        ("table --name tinny", "tiny"),
        ("table --commit mian", "main"),
        ("table --formt md", "'--format'"),
        ("diff mian", "main"),
        ("fixes numpx", "numpy"),
        ("jobs --device numpx", "numpy"),
        ("jobs cancel 11", "1"),
        ("jobs release 22", "2"),
        ("devices check unit-2", "unit-1"),
        ("rejudge --policy fp31", "fp32"),
        ("gc --keep mian", "main"),
        ("logs 11", "1"),
    ],
)
def test_a_near_name_is_named(farm: Callable[..., Said], line: str, near: str) -> None:
    said = farm(*line.split())
    assert said.code in (ExitCode.USAGE, ExitCode.NOT_FOUND)
    assert said.out == ""
    last = said.err.splitlines()[-1]
    assert "did you mean" in last.casefold()
    assert near in last.casefold().partition("did you mean")[2] or near in last.partition("id you mean")[2]
