"""Conversions in real child processes: whatever model code does costs its own item and nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from farm.conversion.runner import ConversionLimits, Surroundings, convert_items
from farm.conversion.wire import Begun, Result
from mcore.platform.format import read_bundle
from mcore.pretrained import find, fingerprint
from mcore.toolchain import toolchain
from tests.farm.conversion.checkpoints import put
from tests.farm.conversion.modelcode import item, network, write_models
from tests.workers.parents import as_ordinary_user, child_reads_environment
from workers.outcome import Cause, Outcome

SLEEP = "time.sleep(60)"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Begun | Result], Path, Path]:
    """Events of one good conversion, the folder that its source is in, and the one that its bundle is in."""
    folder = tmp_path_factory.mktemp("good")
    source = write_models(folder / "source", {"good": network("net")})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FARM_DATABASE_URL", "postgresql://farm:secret@db/farm")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        events = list(convert_items(source, [item("good", "net", folder)]))
    return events, source, folder / "net"


def results(source: Path, *items: tuple[str, str], time_s: float = 60.0) -> dict[str, Result]:
    """The result of each ``(module, name)``, by name."""
    asked = [item(module, name, source.parent) for module, name in items]
    found = [e for e in convert_items(source, asked, ConversionLimits(time_s)) if isinstance(e, Result)]
    assert [e.key for e in found] == [i.key for i in asked]  # one each, in the order that was asked for
    return {e.key.removeprefix("network:"): e for e in found}


def test_each_stage_is_told_and_there_is_a_bundle(good: tuple[list[Begun | Result], Path, Path]) -> None:
    events, _, folder = good
    assert [e.stage for e in events if isinstance(e, Begun)] == ["import", "build", "convert"]
    (result,) = [e for e in events if isinstance(e, Result)]
    assert (result.outcome, result.message) == (None, "")
    assert result.seconds > 0
    bundle = read_bundle(folder)
    assert bundle.manifest.architecture == "network:net"
    assert bundle.manifest.constructor == {"target": "models.good:net", "parameters": {}}
    assert len(bundle.samples) == 3


def test_code_that_raises_is_the_models_failure_with_its_stage_and_line(tmp_path: Path) -> None:
    source = write_models(
        tmp_path / "source",
        {
            "importing": "raise RuntimeError('at import\\nin two lines')",
            "building": network("build", build="raise ValueError('at build')"),
            "running": network("run", forward="raise KeyError('in forward')"),
            "leaving": network("leave", build="sys.exit(0)") + network("leave_later", forward="sys.exit('bye')"),
            "good": network("good"),
        },
    )
    found = results(
        source,
        ("importing", "net"),
        ("building", "build"),
        ("building", "absent"),
        ("running", "run"),
        ("leaving", "leave"),
        ("leaving", "leave_later"),
        ("nosuch", "net2"),
        ("good", "good"),
    )
    assert found.pop("good").outcome is None
    assert {r.outcome for r in found.values()} == {Outcome.MODEL_FAILED}
    assert {r.cause for r in found.values()} == {Cause.MODEL_CODE}
    assert found["net"].message == "building it raised RuntimeError: at import in two lines (importing.py:6)"
    assert found["build"].message == "building it raised ValueError: at build (building.py:16)"
    assert "absent" in found["absent"].message
    assert "in forward" in found["run"].message
    assert "running.py" in found["run"].message
    assert "SystemExit: 0" in found["leave"].message
    assert "SystemExit: bye" in found["leave_later"].message
    assert "models.nosuch" in found["net2"].message


def test_a_machine_without_memory_or_room_is_no_failure_of_the_network(tmp_path: Path) -> None:
    source = write_models(
        tmp_path / "source",
        {
            "building": network("build", build="import torch; torch.empty(1 << 60)"),
            "running": network("run", forward="raise MemoryError"),
            "writing": network("write", forward="raise OSError(28, 'No space left on device')"),
        },
    )
    found = results(source, ("building", "build"), ("running", "run"), ("writing", "write"))
    assert {(r.outcome, r.cause) for r in found.values()} == {(Outcome.INFRA_ERROR, Cause.INFRA)}


def test_a_child_that_dies_costs_the_item_that_it_was_at(tmp_path: Path) -> None:
    source = write_models(
        tmp_path / "source",
        {
            "gone": network("gone", build="os._exit(7)"),
            "crashed": network("crashed", forward="ctypes.string_at(0)"),
            "killed": network("killed", build="os.kill(os.getpid(), signal.SIGKILL)"),
            "good": network("first") + network("last"),
        },
    )
    found = results(
        source, ("good", "first"), ("gone", "gone"), ("crashed", "crashed"), ("killed", "killed"), ("good", "last")
    )
    assert (found["first"].outcome, found["last"].outcome) == (None, None)
    assert (found["gone"].outcome, found["gone"].cause) == (Outcome.HARNESS_ERROR, Cause.CONVERTER)
    assert "code 7" in found["gone"].message
    assert found["gone"].message.endswith("at stage 'build'")
    assert (found["crashed"].outcome, found["crashed"].cause) == (Outcome.CONVERT_FAILED, Cause.UNKNOWN)
    assert found["crashed"].message == "the converter was ended by SIGSEGV at stage 'convert'"
    # Nobody crashes by SIGKILL: an operator, or the kernel for want of memory.
    assert (found["killed"].outcome, found["killed"].cause) == (Outcome.INFRA_ERROR, Cause.INFRA)


def test_a_child_that_is_ended_with_its_converter_has_failed_at_nothing(tmp_path: Path) -> None:
    """As systemd ends all processes of a service at once: the conversion is for whoever comes next."""
    told = tmp_path / "told"
    ends = f"open({str(told)!r}, 'w').close(); os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)"
    source = write_models(tmp_path / "source", {"ended": ends, "next": network("next")})
    asked = [item("ended", "ended", tmp_path), item("next", "next", tmp_path)]
    events = list(convert_items(source, asked, ConversionLimits(60.0), told.exists))
    assert told.exists()
    assert [event for event in events if isinstance(event, Result)] == []


def test_a_hang_costs_its_time_limit_and_leaves_nothing_running(tmp_path: Path) -> None:
    spawn = (
        "import subprocess; open(os.environ['HOME'] + '/pid', 'w').write(str(subprocess.Popen(['sleep', '60']).pid))"
    )
    source = write_models(tmp_path / "source", {"hang": f"{spawn}; {SLEEP}", "next": "raise ValueError"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path))
        found = results(source, ("hang", "hang"), ("next", "next"), time_s=3.0)
    assert (found["hang"].outcome, found["hang"].cause) == (Outcome.CONVERT_FAILED, Cause.UNKNOWN)
    assert found["hang"].message == "conversion took more than 3 s at stage 'import'"
    assert found["next"].outcome is Outcome.MODEL_FAILED
    assert not alive(int((tmp_path / "pid").read_text()))


def test_a_descendant_that_holds_the_channel_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    """It was forked, so it has every descriptor of the child, and the child is dead."""
    fork = "open(os.environ['HOME'] + '/pid', 'w').write(str(pid)) if (pid := os.fork()) else time.sleep(60)"
    source = write_models(tmp_path / "source", {"fork": f"{fork}; os._exit(1)", "good": network("good")})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path))
        started = time.monotonic()
        found = results(source, ("fork", "fork"), ("good", "good"))
    assert time.monotonic() - started < 40  # of the 60 s that it has
    assert found["fork"].outcome is Outcome.HARNESS_ERROR
    assert found["good"].outcome is None
    assert not alive(int((tmp_path / "pid").read_text()))


def test_printing_is_no_event_and_no_end(tmp_path: Path) -> None:
    source = write_models(
        tmp_path / "source",
        {"loud": network("loud", build="sys.stdout.write('{}\\n' * 2_000_000); os.write(2, b'\\xff' * 100_000)")},
    )
    assert results(source, ("loud", "loud"))["loud"].outcome is None


def test_the_end_of_what_it_printed_is_kept_of_a_child_that_died(tmp_path: Path) -> None:
    source = write_models(tmp_path / "source", {"loud": "print('the last word', flush=True); os._exit(3)"})
    assert "no result: the last word at stage 'import'" in results(source, ("loud", "loud"))["loud"].message


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"\xff\xfe",
        json.dumps({"type": "result", "key": "network:other", "seconds": 1.0}).encode(),
        json.dumps({"type": "result", "key": "network:liar"}).encode(),
    ],
    ids=["text", "bytes", "another's result", "half a result"],
)
def test_nonsense_on_the_channel_is_not_believed(line: bytes, tmp_path: Path) -> None:
    source = write_models(
        tmp_path / "source",
        {"liar": f"os.write(int(sys.argv[1]), {line + os.linesep.encode()!r}); {SLEEP}"},
    )
    result = results(source, ("liar", "liar"))["liar"]
    assert (result.outcome, result.cause) == (Outcome.HARNESS_ERROR, Cause.CONVERTER)
    assert result.message == "the converter told nonsense at stage 'import'"


def test_credentials_do_not_reach_model_code(tmp_path: Path) -> None:
    source = write_models(tmp_path / "source", {"spy": "raise RuntimeError(sorted(os.environ))"})
    secrets = ("FARM_DATABASE_URL", "FARM_BROKER_URL", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN")
    with pytest.MonkeyPatch.context() as patch:
        for name in secrets:
            patch.setenv(name, "secret")
        message = results(source, ("spy", "net"))["net"].message
    assert "'PATH'" in message  # it is the environment that was told
    assert not [name for name in secrets if name in message]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and prctl are Linux's")
def test_who_runs_model_code_hides_its_own_environment(tmp_path: Path) -> None:
    """As an ordinary user: root reads everything."""
    source = write_models(tmp_path / "source", {"good": network("good")})

    def hidden() -> bool:
        before = child_reads_environment()
        with contextlib.suppress(PermissionError):  # the interpreter may lie where that user cannot execute it
            list(convert_items(source, [item("good", "good", tmp_path)]))
        return (before, child_reads_environment()) == (True, False)

    assert as_ordinary_user(hidden)


def test_a_childs_surroundings_can_be_chosen(tmp_path: Path) -> None:
    told = "raise RuntimeError(os.environ['PYTHONHASHSEED'], os.nice(0))"
    source = write_models(tmp_path / "source", {"told": told})
    own = os.nice(0)
    for given, seed, niceness in ((Surroundings(), 0, own), (Surroundings(7, 3), 7, min(own + 3, 19))):
        events = convert_items(source, [item("told", "net", tmp_path)], surroundings=given)
        (result,) = [e for e in events if isinstance(e, Result)]
        assert f"('{seed}', {niceness})" in result.message


def test_a_disk_that_takes_no_more_is_infrastructure(tmp_path: Path) -> None:
    limit = "resource = __import__('resource'); resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"
    source = write_models(tmp_path / "source", {"full": network("full", build=limit)})
    result = results(source, ("full", "full"))["full"]
    assert (result.outcome, result.cause) == (Outcome.INFRA_ERROR, Cause.INFRA)
    assert "File too large" in result.message


def test_a_child_that_cannot_even_start_blames_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_models(tmp_path / "source", {"good": network("good")})
    (tmp_path / "sitecustomize.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGABRT)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    result = results(source, ("good", "good"))["good"]
    assert (result.outcome, result.cause) == (Outcome.HARNESS_ERROR, Cause.CONVERTER)
    assert result.message == "the converter was ended by SIGABRT at stage 'start'"


def test_whoever_stops_listening_ends_the_child(tmp_path: Path) -> None:
    text = f"open(os.environ['HOME'] + '/pid', 'w').write(str(os.getpid())); {SLEEP}"
    source = write_models(tmp_path / "source", {"slow": text})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path))
        asked = [item("slow", "slow", tmp_path)]
        stopped = False
        events = convert_items(source, asked, stop=lambda: stopped)
        while next(events) != Begun("network:slow", "import"):
            pass
        deadline = time.monotonic() + 20
        while not (tmp_path / "pid").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        stopped = True
        assert list(events) == []
    assert not alive(int((tmp_path / "pid").read_text()))


def alive(pid: int) -> bool:
    """Whether a process is there and is more than a name that nobody has asked about."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        try:
            os.kill(pid, signal.SIG_DFL)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return False
        if state == "Z":
            return False
        time.sleep(0.05)
    return True


#: Of the network that :func:`network` makes.
SHAPES = {"conv.weight": (4, 3, 3, 3), "conv.bias": (4,)}


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "checkpoints"))
    return tmp_path / "checkpoints"


def pretrained(folder: Path) -> list[Begun | Result]:
    """Events of a conversion of ``net`` from its checkpoint, its bundle to be in ``folder``."""
    source = write_models(folder / "source", {"good": network("net")})
    asked = msgspec.structs.replace(item("good", "net", folder), checkpoint="good/net")
    return list(convert_items(source, [asked]))


def test_a_checkpoint_gives_the_weights_and_is_named(tmp_path: Path, checkpoints: Path) -> None:
    weights = put("good", "net", SHAPES, seed=1)
    events = pretrained(tmp_path)
    assert [e.stage for e in events if isinstance(e, Begun)] == ["import", "build", "load weights", "convert"]
    assert events[-1].outcome is None
    bundle = read_bundle(tmp_path / "net")
    for name, array in weights.items():
        np.testing.assert_array_equal(bundle.weights[name], array)
    folder = find("good", "net")
    assert folder is not None
    assert bundle.manifest.report["weights"]["source"] == "seed 1"
    assert bundle.manifest.toolchain == {**toolchain(), "pretrained": fingerprint(folder)}


def cut_short(folder: Path) -> str:
    data = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(data[:-4])
    return "sha256 is"


def without_manifest(folder: Path) -> str:
    (folder / "manifest.json").unlink()
    return "no pretrained weights in"


def of_nonsense(folder: Path) -> str:
    (folder / "manifest.json").write_text("{")
    return "manifest.json: "


def of_another_network(folder: Path) -> str:
    put("good", folder.name, {**SHAPES, "conv.weight": (4, 3, 5, 5)})
    return f"the weights do not fit {folder.name}: wrong shape: conv.weight is (4, 3, 5, 5), wanted (4, 3, 3, 3)"


def of_unknown_layout(folder: Path) -> str:
    put("good", folder.name, SHAPES, layout="theirs")
    return f"{folder.name} has no key map for the layout 'theirs'"


SPOILS = (cut_short, without_manifest, of_nonsense, of_another_network, of_unknown_layout)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], dict[str, Result]]:
    """A network for each of :data:`SPOILS`, all in one child: the folder of their bundles, what is to be said, the results."""
    folder = tmp_path_factory.mktemp("broken")
    names = [spoil.__name__ for spoil in SPOILS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FARM_CHECKPOINTS", str(folder / "checkpoints"))
        for name in names:
            put("good", name, SHAPES)
        said = {s.__name__: s(folder / "checkpoints" / "pretrained" / "good" / s.__name__) for s in SPOILS}
        source = write_models(folder / "source", {"good": "".join(network(name) for name in names)})
        asked = [msgspec.structs.replace(item("good", n, folder), checkpoint=f"good/{n}") for n in names]
        found = [e for e in convert_items(source, asked) if isinstance(e, Result)]
    return folder, said, {e.key.removeprefix("network:"): e for e in found}


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_broken_checkpoint_is_one_line_and_no_fault_of_the_network(
    spoil: Callable[[Path], str], broken: tuple[Path, dict[str, str], dict[str, Result]]
) -> None:
    folder, said, results = broken
    result = results[spoil.__name__]
    assert (result.outcome, result.cause) == (Outcome.REFERENCE_INVALID, Cause.REFERENCE)
    assert result.message.startswith("pretrained weights: ")
    assert said[spoil.__name__] in result.message
    assert "\n" not in result.message
    assert not (folder / spoil.__name__).exists()
