"""Replaying capsules in fresh processes, on a machine without the farm."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from tests.workers.capsule.capsules import make_capsule, make_machine, replay, write
from workers.capsule import command
from workers.capsule.command import main
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport, Stage


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_machine(tmp_path_factory.mktemp("machine"))


def elsewhere(folder: Path) -> Path:
    """A folder that is in no git repository."""
    made = folder / "elsewhere"
    made.mkdir()
    done = subprocess.run(["git", "rev-parse"], cwd=made, capture_output=True, check=False)
    assert done.returncode != 0
    return made


def test_the_same_comes_out_elsewhere(tmp_path: Path, machine: Path) -> None:
    """Of a wrong result; of others in ``tests/farm/cli/test_repro.py``."""
    capsule = make_capsule(tmp_path, {"faults": [{"name": "wrong_kernel", "op": "sigmoid"}]})
    assert capsule.expected.outcome is Outcome.MISMATCH
    done = replay(write(tmp_path, capsule), machine, elsewhere(tmp_path))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == f"attempt {capsule.attempt} of network:tiny at c0ffeec0ff"
    assert lines[1] == "on board (driver numpy, unit unit-1), 2026-01-01"
    assert lines[2].removeprefix("then: ") == lines[3].removeprefix("now:  ")
    assert lines[2].startswith("then: MISMATCH: ")
    assert lines[-1] == "the same verdict and the same figures"
    assert len(lines) == 5 + len(capsule.expected.cases)


def test_a_library_that_is_not_installed_is_said(tmp_path: Path, machine: Path) -> None:
    capsule = make_capsule(tmp_path, {}, really=False)
    folder = write(tmp_path, capsule, driver="onnxruntime", profile={"provider": "CPUExecutionProvider"})
    done = replay(folder, machine, elsewhere(tmp_path), "-m", "workers.capsule", str(folder))
    assert done.returncode == 3
    assert "it could not be replayed here: INFRA_ERROR: this host lacks what driver 'onnxruntime' needs" in done.stdout


def test_a_machine_without_the_package_is_told_what_to_install(tmp_path: Path) -> None:
    done = replay(write(tmp_path, make_capsule(tmp_path, {}, really=False)), None, elsewhere(tmp_path))
    assert (done.returncode, done.stdout) == (3, "")
    assert "device-farm 0.1.0: pip install . in a clone of it" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def report() -> AttemptReport:
    return AttemptReport(Outcome.PASS, Cause.UNKNOWN, "", Stage.DONE, "b", "capsule", {"runtime": "test 2"})


def run(folder: Path) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(folder)])
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_another_stack_and_another_verdict_are_said(
    tmp_path: Path, report: AttemptReport, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path, make_capsule(tmp_path, {}, really=False))
    monkeypatch.setattr(command, "run_attempt", lambda _: report)
    assert run(folder) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "the stack is another one: runtime test 1 → test 2",
        "the same verdict and the same figures",
    ]
    failed = replace(report, outcome=Outcome.CRASH, message="it fell over")
    monkeypatch.setattr(command, "run_attempt", lambda _: failed)
    assert run(folder) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "another verdict: PASS then, CRASH now (it fell over)"


def test_what_is_asked_is_what_was_asked_then(
    tmp_path: Path, report: AttemptReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    capsule = make_capsule(tmp_path, {"mode": "fast"}, really=False)
    folder = write(tmp_path, capsule, measured_stack="f" * 64)
    asked = []
    monkeypatch.setattr(command, "run_attempt", lambda request: asked.append(request) or report)
    run(folder)
    (request,) = asked
    assert (request.driver, request.profile, request.policy) == ("numpy", {"mode": "fast"}, capsule.policy)
    assert (request.limits, request.bundle, request.measured_stack) == (capsule.limits, capsule.bundle, "f" * 64)
    assert request.bundle_folder == str(folder / "bundle")


def test_nothing_runs_of_what_is_no_capsule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> NoReturn:
        raise AssertionError("it was run")

    monkeypatch.setattr(command, "run_attempt", fail)
    assert run(tmp_path / "absent") == 4
    folder = write(tmp_path, make_capsule(tmp_path, {}, really=False))
    text = (folder / "capsule.json").read_text()
    (folder / "capsule.json").write_text(text.replace('"PASS"', '"CRASH"'))
    capsys.readouterr()
    assert run(folder) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"farm-replay: {folder}/capsule.json: it was changed since the capsule was made")
    assert said.err.count("\n") == 1
