"""Torch as a device: its profile, CUDA that is not there, memory that is full; and one attempt through the child."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from tests.workers.attempts import request_for
from tests.workers.bundles import branched
from workers.driver import DeviceLost, DeviceOutOfMemory
from workers.outcome import Cause, Outcome
from workers.processes.attempt import run_attempt

torch = pytest.importorskip("torch")
from workers.drivers.torch import TorchDriver, TorchSession  # noqa: E402


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("name", "said"), [("abacus", "no torch device"), ("meta", "neither cpu nor cuda"), (3.5, "3.5")]
)
def test_a_device_that_is_none_is_refused(name: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TorchDriver({"device": name})


@pytest.mark.parametrize(
    ("asked", "present", "said"),
    [
        ("cuda", 0, "cuda: this host has no CUDA device"),
        ("cuda:1", 1, "cuda:1: this host has 1 CUDA device, counted from 0"),
        ("cuda:2", 2, "cuda:2: this host has 2 CUDA devices, counted from 0"),
    ],
)
def test_cuda_that_is_not_there_is_a_lost_unit(asked: str, present: int, said: str) -> None:
    with (
        mock.patch.object(torch.cuda, "device_count", return_value=present),
        pytest.raises(DeviceLost, match=f"^profile.device: {said}$"),
    ):
        TorchDriver({"device": asked})


def test_the_fingerprint_names_torch_and_the_processor() -> None:
    fingerprint = TorchDriver({}).fingerprint()
    assert fingerprint["torch"] == str(torch.__version__)
    assert fingerprint["runtime"] == "CPU"
    assert fingerprint["device"]


def test_it_computes_on_one_thread() -> None:
    torch.set_num_threads(2)
    TorchDriver({})
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried ..."),
    ],
)
def test_both_ways_of_full_memory_are_one(error: Exception) -> None:
    session = TorchDriver({}).load(branched().bundle())
    with mock.patch.object(session, "_network", mock.Mock(side_effect=error)), pytest.raises(DeviceOutOfMemory):
        session.run(branched().samples[0].inputs)


def test_another_error_of_torch_is_let_through() -> None:
    session = TorchDriver({}).load(branched().bundle())
    with (
        mock.patch.object(session, "_network", mock.Mock(side_effect=RuntimeError("internal assert"))),
        pytest.raises(RuntimeError, match="internal assert"),
    ):
        session.run(branched().samples[0].inputs)


def test_nothing_is_recorded_for_gradients() -> None:
    session = TorchDriver({}).load(branched().bundle())
    assert isinstance(session, TorchSession)
    outputs = session.run(branched().samples[0].inputs)
    assert all(isinstance(value, np.ndarray) for value in outputs.values())


def test_an_attempt_passes_and_tells_its_stack(tmp_path: Path) -> None:
    bundle = branched().write(tmp_path / "tiny")
    report = run_attempt(request_for(tmp_path / "tiny", bundle, driver="torch", device="cpu"))
    assert (report.outcome, report.message) == (Outcome.PASS, "")
    assert (report.stack["driver"], report.stack["torch"]) == ("torch", str(torch.__version__))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_host_without_the_device_is_an_infra_matter(tmp_path: Path) -> None:
    bundle = branched().write(tmp_path / "tiny")
    report = run_attempt(request_for(tmp_path / "tiny", bundle, driver="torch", device="cuda"))
    assert (report.outcome, report.cause) == (Outcome.INFRA_ERROR, Cause.DEVICE_UNIT)
    assert report.message == "the unit does not come up: profile.device: cuda: this host has no CUDA device"


def test_a_host_without_torch_is_an_infra_matter(tmp_path: Path) -> None:
    bundle = branched().write(tmp_path / "tiny")
    probe = (
        "import sys; sys.modules['torch'] = None\n"
        "from tests.workers.attempts import request_for\n"
        "from workers.processes.child import attempt\n"
        f"report = attempt(request_for({str(tmp_path / 'tiny')!r}, {bundle!r}, 'torch'), lambda message: None)\n"
        "print(report.outcome, report.cause, '|', report.message)"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", probe], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("INFRA_ERROR infra | this host lacks what driver 'torch' needs: ")
