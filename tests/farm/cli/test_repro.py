"""``farm repro`` of real attempts, and the capsules replayed where there is no farm."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from farm.database.engine import Database
from farm.errors import ExitCode
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.repro.observed import Observed, observe
from tests.workers.capsule.capsules import make_machine, replay
from workers.artifacts.store import object_name
from workers.capsule import read_capsule

Command = Callable[..., Said]


@pytest.fixture(scope="module")
def once(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Observed:
    folder = tmp_path_factory.mktemp("observed")
    return observe(Database(f"sqlite:///{shutil.copy(migrated_sqlite, folder / 'farm.sqlite')}"), folder)


@pytest.fixture
def observed(once: Observed, tiny: Scratch, monkeypatch: pytest.MonkeyPatch) -> Observed:
    monkeypatch.setenv("FARM_DATABASE_URL", once.database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FARM_STORE_URL", str(once.store))
    return once


def test_what_was_observed_here_is_observed_elsewhere(observed: Observed, farm: Command, tmp_path: Path) -> None:
    machine = make_machine(tmp_path / "machine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for device, outcome in (("sound", "PASS"), ("broken", "MISMATCH"), ("small", "UNSUPPORTED_OP")):
        target = tmp_path / "capsules" / device
        said = farm("repro", observed.attempts[device][:12], "--output", str(target))
        assert (said.code, said.err) == (ExitCode.GOOD, "")
        assert said.out.splitlines() == [
            f"{target}: attempt {observed.attempts[device]} of network:tiny on {device}: {outcome}",
            f"replay it where this package is: python {target}/replay.py",
        ]
        done = replay(target, machine, elsewhere)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert done.stdout.splitlines()[-1] == "the same verdict and the same figures"
        assert f"then: {outcome}" in done.stdout


def test_one_file_is_the_same_folder(observed: Observed, farm: Command, tmp_path: Path) -> None:
    attempt = observed.attempts["broken"]
    folder = Path(farm("repro", attempt).out.partition(": ")[0])
    assert folder.parts[-2:] == ("capsules", attempt[:12])
    assert not folder.is_relative_to(Path.cwd()), "in the repository the next submission would take it for code"
    for name in ("one.tar", "two.tar", "three.tar.gz", "four.tgz"):
        said = farm("repro", attempt, "--output", str(tmp_path / name))
        assert (
            said.out.splitlines()[-1]
            == f"replay it where this package is: tar xf {name}, then python replay.py in the folder"
        )
        with tarfile.open(tmp_path / name) as archive:
            archive.extractall(tmp_path / "out", filter="data")
        stem = name.partition(".")[0]
        assert read_capsule(tmp_path / "out" / stem) == read_capsule(folder)
    assert (tmp_path / "one.tar").stat().st_size > 0
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_what_cannot_be_is_one_line_and_leaves_nothing(observed: Observed, farm: Command, tmp_path: Path) -> None:
    attempt = observed.attempts["sound"]
    (tmp_path / "file").write_text("")
    for code, told, arguments in (
        (ExitCode.NOT_FOUND, f"did you mean {attempt[:12]}", (f"{attempt[:11]}x",)),
        (ExitCode.NOT_FOUND, "no attempt named 'zz'", ("zz",)),
        (ExitCode.USAGE, "is there already", (attempt, "--output", str(tmp_path))),
        (ExitCode.USAGE, "is there already", (attempt, "--output", str(tmp_path / "file"))),
        (
            ExitCode.INFRASTRUCTURE,
            "cannot be written: File exists",
            (attempt, "--output", str(tmp_path / "file/x")),
        ),
    ):
        said = farm("repro", *arguments)
        assert (said.code, said.out) == (code, ""), said.err
        assert said.err.count("\n") == 1
        assert told in said.err


def test_artifacts_that_were_collected_are_said_to_be_gone(
    observed: Observed, farm: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    shutil.copytree(observed.store, store)
    monkeypatch.setenv("FARM_STORE_URL", str(store))
    assert farm("repro", observed.attempts["sound"], "--output", str(tmp_path / "before")).code == ExitCode.GOOD
    monkeypatch.setenv("FARM_CACHE", str(tmp_path / "fresh"))
    for sha256 in _artifacts(store):
        (store / object_name(sha256)).unlink()
    said = farm("repro", observed.attempts["sound"], "--output", str(tmp_path / "after"))
    assert (said.code, said.out) == (ExitCode.NOT_FOUND, "")
    assert "is not in the artifact store any more" in said.err
    assert "`farm submit --name tiny --commit cccccccccc --reconvert` makes it again" in said.err
    assert not (tmp_path / "after").exists()
    shutil.rmtree(store)
    said = farm("repro", observed.attempts["sound"], "--output", str(tmp_path / "after"))
    assert said.code == ExitCode.INFRASTRUCTURE
    assert "is it mounted?" in said.err


def _artifacts(store: Path) -> list[str]:
    return [name for _, _, names in os.walk(store / "sha256") for name in names]
