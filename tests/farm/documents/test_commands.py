"""What every command prints with ``--json`` is a document that is declared, to the last field."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import click
import pytest

from farm.clock import utc_now
from farm.database.engine import Database
from farm.documents import DOCUMENTS
from farm.inventory import load_inventory
from farm.protocol import HeartbeatMessage
from farm.units.presence import hear
from tests.farm.cli.conftest import Said
from tests.farm.cli.test_help import EVERY
from tests.farm.conftest import Scratch
from tests.farm.documents.valid import valid
from tests.farm.rows import START, judge, lose, submit
from tests.mcore.checkpoints.conftest import put
from workers.outcome import Cause, Outcome

#: Each document that is made in no time, with the lines that print it.
LINES = {
    "farm-status/1": ("status tiny", "status wide@HEAD~1", "status Block --kind block"),
    "farm-table/1": ("table", "table --tested --format json"),
    "farm-diff/1": ("diff HEAD~1", "diff HEAD HEAD~1"),
    "farm-gate/1": ("gate --base HEAD~1",),
    "farm-history/1": ("history tiny",),
    "farm-logs/1": ("logs 1", "logs 2"),
    "farm-fixes/1": ("fixes",),
    "farm-jobs/1": ("jobs", "jobs --state all"),
    "farm-devices/1": ("devices",),
    "farm-regressions/1": ("regressions", "regressions --all"),
    "farm-known-issues/1": ("regressions known list",),
    "farm-plan/1": ("plan --all", "plan --changed-since HEAD~1"),
    "farm-why/1": ("why tiny", "why tiny --reaches Block", "why wide --reaches Block"),
    "farm-doctor/1": ("doctor",),
    "farm-rejudge/1": ("rejudge --policy fp32",),
    "farm-audit-history/1": ("audit --history",),
    "farm-gc/1": ("gc --dry-run",),
    "farm-checkpoints/1": ("checkpoints list", "checkpoints search epoch>=1"),
    "farm-checkpoints-verify/1": ("checkpoints verify",),
    "farm-checkpoints-gc/1": ("checkpoints gc --dry-run",),
    "farm-checkpoints-reindex/1": ("checkpoints reindex",),
    "farm-checkpoints-import/1": ("checkpoints import weights.safetensors --dry-run --network net --task t",),
}
#: The others: what makes them takes long, or the name of something; these tests hold them to their schemas.
ELSEWHERE = {
    "farm-bisect/1": "tests/farm/cli/test_bisect.py",
    "farm-regression/1": "tests/farm/cli/test_regressions.py",
    "farm-submit/1": "tests/acceptance/test_documents.py",
    "farm-convert/1": "tests/acceptance/test_local_wire.py",
    "farm-audit/1": "tests/acceptance/test_audit.py",
    "farm-selftest/1": "tests/farm/cli/test_selftest.py",
    "farm-checkpoint/1": "tests/farm/cli/test_checkpoints.py",
    "farm-checkpoints-export/1": "tests/farm/cli/test_checkpoints.py",
    "farm-commits/1": "tests/farm/web/api/test_api.py",
    "farm-error/1": "tests/farm/web/api/test_api.py",
    "farm-health/1": "tests/farm/web/test_health.py",
    "farm-attempt/1": "tests/farm/web/api/test_details.py",
    "farm-submission/1": "tests/farm/web/api/test_details.py",
    "farm-unit/1": "tests/farm/web/api/test_details.py",
}


@pytest.fixture
def world(tiny: Scratch, migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two commits with good, failed, unsupported, missing, lost, waiting and unconverted cells, units and checkpoints."""
    (tiny.root / ".farm" / "store").mkdir(parents=True)
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tiny.root / '.farm' / 'farm.sqlite')}")
    inventory = load_inventory(tiny.root / "inventory.yaml")
    first, second = tiny.git("rev-parse", "HEAD"), tiny.commit({}, "Second")
    submit(database, inventory, ["tiny", "wide"], first)
    judge(database, inventory)
    later = START + timedelta(days=1)
    submit(database, inventory, ["tiny"], second, version="2", date=later, submitted=later)
    judge(database, inventory, Outcome.MISMATCH, Cause.DEVICE_STACK, now=later)
    later += timedelta(hours=1)
    submit(database, inventory, ["wide"], second, version="2", date=later, submitted=later)
    lose(database, inventory, now=later)
    later += timedelta(hours=1)
    submit(database, inventory, ["other"], second, version="2", date=later, submitted=later)
    broken = {"state": "done", "outcome": Outcome.CONVERT_FAILED, "kind": "block"}
    submit(database, inventory, ["Block"], second, date=later, submitted=later + timedelta(hours=1), **broken)
    heartbeat = HeartbeatMessage("numpy", "board-3", "host", 10.0, True, True, 1, None, 1 << 30)
    with database.write() as session:
        hear(session, heartbeat, utc_now())
    database.close()
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "checkpoints"))
    from mcore.checkpoints import CheckpointStore

    store = CheckpointStore(tmp_path / "checkpoints")
    put(store, 1, metrics={"miou": 0.5}, epoch=3, tags=("old",), state=b"s")
    store.close()
    import numpy as np
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(3, np.float32)}, tiny.root / "weights.safetensors")


@pytest.mark.usefixtures("world")
def test_what_is_printed_is_declared(farm: Callable[..., Said]) -> None:
    for name, lines in LINES.items():
        for line in lines:
            said = farm(*line.split(), "--json")
            assert said.code in (0, 1), (line, said.err)
            assert valid(said.out)["schema"] == name, line


def test_every_document_is_tested() -> None:
    assert set(LINES) | set(ELSEWHERE) == set(DOCUMENTS)
    assert not set(LINES) & set(ELSEWHERE)
    for file in ELSEWHERE.values():
        assert (Path(__file__).parents[3] / file).is_file()


def test_every_command_that_prints_json_has_a_document() -> None:
    """Its help names the document, which names the command."""
    for names, command in EVERY.items():
        option = next((p for p in command.params if isinstance(p, click.Option) and "--json" in p.opts), None)
        if option is None:
            continue
        typed = f"farm {' '.join(names)}"
        printing = [name for name, document in DOCUMENTS.items() if typed in document.commands]
        assert printing, typed
        assert any(name in (option.help or "") for name in printing) or "--format" in (option.help or ""), typed


def test_every_document_that_a_command_prints_is_declared() -> None:
    """Read off the calls of ``emit_json``; the API has documents of its own."""
    from farm import cli
    from farm.answers import schemas

    commands = Path(cli.__file__).parent.glob("*.py")
    printed = {name for file in commands for name in re.findall(r"emit_json\(\s*([A-Z_]+)", file.read_text())}
    assert {getattr(schemas, name) for name in printed} == {
        name for name, document in DOCUMENTS.items() if document.commands
    }
