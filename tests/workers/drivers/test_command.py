"""A vendor's binary: the file protocol by its reference, here, over ssh and through adb; and binaries that break it."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workers.attempts import request_for
from tests.workers.bundles import branched
from tests.workers.policies import FP32
from workers.driver import DeviceCrashed, DeviceLost, DeviceOutOfMemory, DeviceTimedOut, LoadRejected, placement_of
from workers.drivers.command import CommandDriver
from workers.exchange import ExchangeError
from workers.judging.compare import compare_outputs
from workers.outcome import Cause, Outcome
from workers.processes.attempt import run_attempt
from workers.stack import stack_hash

REFERENCE = [sys.executable, "-m", "workers.reference_command"]
NETWORK = branched()
SAMPLE = NETWORK.samples[0]

#: Start of a binary in Python that knows what it is asked.
HEAD = (
    "import json, os, pathlib, shutil, signal, subprocess, sys, time\n"
    "folder = pathlib.Path(sys.argv[1]); request = json.loads((folder / 'request.json').read_text())\n"
    "def tell(status='ok', **more):\n"
    "    told = {'schema': 'farm-exchange/1', 'status': status, **more}\n"
    "    (folder / 'result.json').write_text(json.dumps(told))\n"
    "def compute():\n"
    "    from workers.reference_command import main\n"
    "    main(folder)\n"
)


@pytest.fixture
def binary(tmp_path: Path) -> Callable[[str], list[str]]:
    """A command of the given Python after :data:`HEAD`."""

    def make(code: str) -> list[str]:
        file = tmp_path / "vendor.py"
        file.write_text(HEAD + code)
        return [sys.executable, str(file)]

    return make


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that scratch goes to."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def run_once(profile: dict[str, Any]) -> Any:
    session = CommandDriver(profile).load(NETWORK.bundle())
    try:
        return session.run(SAMPLE.inputs)
    finally:
        session.close()


class TestProfile:
    @pytest.mark.parametrize(
        ("profile", "said"),
        [
            ({}, "command: must be a list of words"),
            ({"command": "run me"}, "command: must be a list of words"),
            ({"command": []}, "command: must be a list of words"),
            ({"command": ["x"], "transport": "pigeon"}, "transport: must be local, ssh, adb, not 'pigeon'"),
            ({"command": ["x"], "transport": "ssh"}, "unit: transport ssh needs the name of a unit"),
            ({"command": ["x"], "transport": "adb", "unit": 7}, "unit: transport adb needs"),
            ({"command": ["x"], "time_s": 0}, "time_s: must be a positive number, not 0"),
            ({"command": ["x"], "time_s": True}, "time_s: must be a positive number, not True"),
            ({"command": ["x"], "folder": 3}, "folder: must be a path, not 3"),
            ({"command": ["x"], "push": ["scp"]}, "push: transport local has no such command"),
            ({"command": ["x"], "transport": "ssh", "unit": "a", "pull": "scp"}, "pull: must be a list of words"),
            (
                {"command": ["x"], "transport": "ssh", "unit": "a", "run": ["ssh", "{host}"]},
                r"run: .\{host\}.: only unit",
            ),
            ({"command": ["x"], "transport": "adb", "unit": "a", "pull": ["awk {"]}, "pull: .awk {.: only unit, local"),
            ({"command": ["x"], "precision": "int3"}, "precision: .*not 'int3'"),
        ],
    )
    def test_what_is_wrong_is_named(self, profile: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            CommandDriver(profile)


class TestReference:
    def test_it_says_how_long_it_ran_and_where(self) -> None:
        session = CommandDriver({"command": REFERENCE}).load(NETWORK.bundle())
        assert session.run_ms is None
        session.run(SAMPLE.inputs)
        assert session.run_ms is not None
        assert 0 < session.run_ms < 10_000
        placement = placement_of(session)
        assert placement is not None
        assert (placement.accelerated, placement.fallen_back) == (len(NETWORK.graph.nodes), ())

    def test_a_size_that_no_graph_takes_is_refused_before_anything_is_called(self) -> None:
        session = CommandDriver({"command": ["/nowhere"]}).load(NETWORK.bundle())
        with pytest.raises(LoadRejected, match="outside"):
            session.run({"x": np.zeros((1, 3, 2, 2), np.float32)})

    def test_nothing_is_left_behind(self, scratch: Path) -> None:
        driver = CommandDriver({"command": REFERENCE})
        session = driver.load(NETWORK.bundle())
        session.run(SAMPLE.inputs)
        (home,) = scratch.iterdir()
        assert [p.name for p in home.iterdir()] == [f"{home.name}-network-1"]
        session.close()
        assert list(home.iterdir()) == []
        del driver, session
        assert not home.exists()


class TestWhatABinaryDoes:
    """Each way to fail ends in its own error, and so in its own outcome."""

    @pytest.mark.parametrize(
        ("code", "error", "said"),
        [
            ("time.sleep(60)", DeviceTimedOut, "did not end within 3 s"),
            ("sys.exit('no licence')", DeviceCrashed, "ended with exit code 1: no licence"),
            ("os.kill(os.getpid(), signal.SIGSEGV)", DeviceCrashed, "died of SIGSEGV"),
            ("sys.exit(139)", DeviceCrashed, "died of SIGSEGV"),
            ("tell(), sys.exit(3)", DeviceCrashed, "ended with exit code 3"),
            ("pass", ExchangeError, "the binary wrote no result.json"),
            ("(folder / 'result.json').write_text('{\"schema\": ')", ExchangeError, "result.json: .*truncated"),
            ("(folder / 'result.json').write_bytes(b'\\xff\\x00garbage')", ExchangeError, "result.json: "),
            (
                "(folder / 'result.json').write_text('{\"x\": ' + '[' * 100_000)",
                ExchangeError,
                "result.json: .*recursion",
            ),
            ("(folder / 'result.json').write_text(' ' * (5 << 20))", ExchangeError, "result.json has .*the limit is"),
            ("tell('fine')", ExchangeError, "result.json: Invalid enum value 'fine'"),
            ("tell(schema='farm-exchange/2')", ExchangeError, "result.json: Invalid enum value 'farm-exchange/2'"),
            ("tell()", ExchangeError, "the binary wrote no outputs.safetensors"),
            (
                "compute(); o = folder / 'outputs.safetensors'; o.write_bytes(o.read_bytes()[:-100])",
                ExchangeError,
                "outputs cannot be read: outputs.safetensors",
            ),
            ("tell('rejected', message='kernel of 3 is odd')", LoadRejected, "^kernel of 3 is odd$"),
            ("tell('rejected')", LoadRejected, "no reason"),
            ("tell('out_of_memory', message='9 MiB')", DeviceOutOfMemory, "9 MiB"),
        ],
    )
    def test_it_ends_in_its_own_error_and_leaves_nothing(
        self, binary: Callable[[str], list[str]], scratch: Path, code: str, error: type[Exception], said: str
    ) -> None:
        driver = CommandDriver({"command": binary(code), "time_s": 3 if "sleep" in code else 60})
        session = driver.load(NETWORK.bundle())
        (home,) = scratch.iterdir()
        with pytest.raises(error, match=said):
            session.run(SAMPLE.inputs)
        assert [p.name for p in home.iterdir()] == [f"{home.name}-network-1"]
        session.close()
        assert list(home.iterdir()) == []

    def test_a_program_that_is_not_there_is_a_lost_unit(self) -> None:
        with pytest.raises(DeviceLost, match="/nowhere/vendor: No such file"):
            run_once({"command": ["/nowhere/vendor"]})

    def test_ops_that_it_lacks_are_asked_for_before_anything_runs(self, binary: Callable[[str], list[str]]) -> None:
        driver = CommandDriver({"command": binary("tell(lacking=['tanh', 'conv2d: kernels larger than 1'])")})
        assert driver.unsupported(NETWORK.graph) == ["conv2d: kernels larger than 1", "tanh"]

    def test_no_fingerprint_is_no_answer(self, binary: Callable[[str], list[str]]) -> None:
        with pytest.raises(ExchangeError, match="gives no fingerprint"):
            CommandDriver({"command": binary("tell()")}).fingerprint()

    def test_its_own_words_do_not_hide_which_driver_and_precision_it_is(
        self, binary: Callable[[str], list[str]]
    ) -> None:
        command = binary("tell(fingerprint={'driver': 'lie', 'npu': 'v3'})")
        told = CommandDriver({"command": command, "precision": "int8"}).fingerprint()
        assert told == {"driver": "command", "npu": "v3", "precision": "int8"}


class TestAttempts:
    """Through the child process, as a host runs it: only what the network is to blame for is its failure."""

    @pytest.mark.parametrize(
        ("code", "outcome", "cause"),
        [
            ("compute()", Outcome.PASS, Cause.UNKNOWN),
            ("compute(); big and sys.exit(1)", Outcome.CRASH, Cause.DEVICE_STACK),
            ("time.sleep(90) if big else compute()", Outcome.DEVICE_TIMEOUT, Cause.DEVICE_STACK),
            ("tell('rejected') if big else compute()", Outcome.LOAD_REJECTED, Cause.DEVICE_STACK),
            ("compute(); big and (folder / 'result.json').write_text('{')", Outcome.HARNESS_ERROR, Cause.HARNESS),
            ("compute(); big and (folder / 'outputs.safetensors').unlink()", Outcome.HARNESS_ERROR, Cause.HARNESS),
            ("sys.exit(1) if request['action'] == 'run' else compute()", Outcome.INFRA_ERROR, Cause.DEVICE_UNIT),
            ("tell('fine') if request['action'] == 'run' else compute()", Outcome.HARNESS_ERROR, Cause.HARNESS),
            ("tell(lacking=['tanh']) if request['action'] == 'check' else compute()", Outcome.UNSUPPORTED_OP, None),
            (
                "compute(); r = json.loads((folder / 'result.json').read_text());"
                "tell(**{**r, 'accelerated': 5, 'fallen_back': ['tanh']})",
                Outcome.PASS_FALLBACK,
                Cause.UNKNOWN,
            ),
        ],
    )
    def test_outcome_and_cause(
        self,
        binary: Callable[[str], list[str]],
        tmp_path: Path,
        code: str,
        outcome: Outcome,
        cause: Cause | None,
    ) -> None:
        # The canary's graph is small, and is not meant.
        big = "big = request.get('graph', '') and (folder / request['graph']).stat().st_size > 1500 "
        big += "and request['action'] == 'run'\n"
        command = binary(big + code)
        identity = NETWORK.write(tmp_path / "tiny")
        profile = {"command": command, "time_s": 4 if "sleep" in code else 60}
        request = request_for(tmp_path / "tiny", identity, driver="command", **profile)
        told = {"runtime": "mcore.platform", "numpy": np.__version__, "driver": "command", "precision": "float32"}
        # Timed before on this stack, it says, so that no run is repeated: each is a process.
        report = run_attempt(replace(request, measured_stack=stack_hash(told)))
        assert report.outcome is outcome, report.message
        assert cause is None or report.cause is cause
        if outcome is Outcome.PASS_FALLBACK:
            assert "1 of 6 operators fell back to the CPU: tanh" in report.message


SHIMS = {
    # The last argument is the command line, as the remote shell would get it.
    "ssh": 'shift 2; test "$1" = board || { echo "ssh: no route to host $1" >&2; exit 255; }; shift; exec sh -c "$1"',
    "scp": 'shift 4; exec cp -r "${1#board:}" "${2#board:}"',
    "adb": (
        'test "$2" = 0123 || { echo "error: device \'$2\' not found" >&2; exit 1; }; shift 2; verb=$1; shift\n'
        'case $verb in push|pull) exec cp -r "$1" "$2";; shell) exec sh -c "$1";; esac'
    ),
}


@pytest.fixture
def shims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``ssh``, ``scp`` and ``adb`` on PATH that do here what they would do there; returns the folder of the device."""
    tools, device = tmp_path / "tools", tmp_path / "device"
    tools.mkdir()
    device.mkdir()
    for name, body in SHIMS.items():
        file = tools / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return device


@pytest.mark.parametrize(("transport", "unit"), [("ssh", "board"), ("adb", "0123")])
class TestTransports:
    def profile(self, transport: str, unit: str, device: Path, **more: Any) -> dict[str, Any]:
        return {"command": REFERENCE, "transport": transport, "unit": unit, "folder": str(device), **more}

    def test_the_device_computes_and_is_left_clean(self, shims: Path, scratch: Path, transport: str, unit: str) -> None:
        driver = CommandDriver(self.profile(transport, unit, shims))
        assert driver.fingerprint()["runtime"] == "mcore.platform"
        session = driver.load(NETWORK.bundle())
        found = session.run(SAMPLE.inputs)
        assert compare_outputs(found, SAMPLE.outputs, FP32).outcome is Outcome.PASS
        session.close()
        assert list(shims.iterdir()) == []
        (home,) = scratch.iterdir()
        assert list(home.iterdir()) == []

    def test_a_call_that_takes_too_long_leaves_nothing(
        self, shims: Path, scratch: Path, transport: str, unit: str
    ) -> None:
        profile = self.profile(transport, unit, shims, time_s=2)
        driver = CommandDriver({**profile, "command": ["sh", "-c", "sleep 60", "sh"]})
        with pytest.raises(DeviceTimedOut):
            driver.fingerprint()
        assert list(shims.iterdir()) == []
        (home,) = scratch.iterdir()
        assert list(home.iterdir()) == []

    def test_another_unit_is_a_lost_one(self, shims: Path, transport: str, unit: str) -> None:
        with pytest.raises(DeviceLost, match=r"no route to host|device 'nobody' not found|push of"):
            CommandDriver(self.profile(transport, "nobody", shims / "missing")).fingerprint()

    def test_a_device_that_goes_away_before_the_run_is_lost(self, shims: Path, transport: str, unit: str) -> None:
        profile = self.profile(transport, unit, shims, push=["cp", "-r", "{local}", "{remote}"])
        with pytest.raises(DeviceLost, match=f"{transport} nobody: "):
            CommandDriver({**profile, "unit": "nobody"}).fingerprint()

    def test_a_pull_that_fails_is_a_lost_unit(self, shims: Path, transport: str, unit: str) -> None:
        with pytest.raises(DeviceLost, match="pull of back by false: exit code 1"):
            CommandDriver(self.profile(transport, unit, shims, pull=["false"])).fingerprint()

    def test_a_copy_that_hangs_is_a_lost_unit(self, shims: Path, transport: str, unit: str) -> None:
        profile = self.profile(transport, unit, shims, push=["sleep", "60"], time_s=0.3)
        with pytest.raises(DeviceLost, match=r"sleep did not end within 0.3 s"):
            CommandDriver(profile).fingerprint()

    def test_a_tool_that_is_not_there_is_a_lost_unit(self, shims: Path, transport: str, unit: str) -> None:
        with pytest.raises(DeviceLost, match="no-such-tool: No such file"):
            CommandDriver(self.profile(transport, unit, shims, push=["no-such-tool"])).fingerprint()

    def test_a_crash_there_is_a_crash(self, shims: Path, transport: str, unit: str) -> None:
        profile = self.profile(transport, unit, shims)
        with pytest.raises(DeviceCrashed, match="false ended with exit code 1"):
            CommandDriver({**profile, "command": ["false"]}).fingerprint()
