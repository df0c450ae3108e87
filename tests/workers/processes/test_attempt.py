"""An attempt through its real child process: what the farm is told however the child ends."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workers.attempts import NONCE, request_for
from tests.workers.bundles import branched
from tests.workers.families import is_gone, wait_for
from workers.drivers import DRIVERS
from workers.outcome import Cause, Group, Outcome
from workers.processes import attempt
from workers.processes.attempt import run_attempt
from workers.processes.supervise import ATTEMPTS
from workers.report import AttemptReport, Stage

SAMPLES = ("12x20", "13x17", "16x16")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A small bundle and its identity."""
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    return folder, branched().write(folder)


def test_a_sound_device_passes_with_evidence(tiny: tuple[Path, str]) -> None:
    report = run_attempt(request_for(*tiny))
    assert (report.outcome, report.message, report.stage) == (Outcome.PASS, "", Stage.DONE)
    assert (report.bundle, report.nonce) == (tiny[1], NONCE)
    assert tuple(case.sample for case in report.cases) == SAMPLES
    for case in report.cases:
        assert case.outcome is Outcome.PASS
        assert {error.output for error in case.tensors} == {"out", "stem"}
        assert all(error.margin > 0.9 for error in case.tensors)
        assert case.latency_ms is not None
        assert 0 < case.latency_ms < 1000
        assert case.first_divergent_layer is None
    assert report.load_ms is not None
    assert report.signal is None
    assert report.peak_memory_bytes is not None
    assert 10 << 20 < report.peak_memory_bytes < 1 << 30
    assert report.stack["driver"] == "numpy"
    assert report.log == ""


def test_the_same_attempt_again_gives_the_same_figures(tiny: tuple[Path, str]) -> None:
    first, second = (run_attempt(request_for(*tiny)) for _ in range(2))
    assert [case.tensors for case in first.cases] == [case.tensors for case in second.cases]
    assert first.stack == second.stack


class TestBundles:
    """What is damaged on the way to the host is never the network's or the device's fault."""

    @pytest.fixture
    def copy(self, tmp_path: Path) -> tuple[Path, str]:
        return tmp_path / "tiny", branched().write(tmp_path / "tiny")

    @pytest.mark.parametrize(
        ("name", "damage"),
        [
            ("manifest.json", "flipped"),
            ("graph.json", "flipped"),
            ("weights.safetensors", "flipped"),
            ("weights.safetensors", "truncated"),
            ("samples/12x20.safetensors", "flipped"),
            ("samples/12x20.safetensors", "missing"),
            ("graph.json", "empty"),
        ],
    )
    def test_a_damaged_file_is_an_infra_error(self, copy: tuple[Path, str], name: str, damage: str) -> None:
        path = copy[0] / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        change: dict[str, Callable[[], object]] = {
            "truncated": lambda: os.truncate(path, path.stat().st_size - 1),
            "flipped": lambda: path.write_bytes(data),
            "missing": path.unlink,
            "empty": lambda: path.write_bytes(b""),
        }
        change[damage]()
        report = run_attempt(request_for(*copy))
        assert (report.outcome, report.cause, report.stage) == (Outcome.INFRA_ERROR, Cause.INFRA, Stage.FETCH)
        assert name in report.message
        assert (report.bundle, report.cases) == ("", ())

    def test_another_bundle_than_was_asked_for_is_an_infra_error(self, copy: tuple[Path, str]) -> None:
        report = run_attempt(request_for(copy[0], "0" * 64))
        assert (report.outcome, report.cause) == (Outcome.INFRA_ERROR, Cause.INFRA)
        assert "not the one that was asked for" in report.message
        assert report.bundle == copy[1]

    def test_a_folder_that_is_not_there_is_an_infra_error(self, tmp_path: Path) -> None:
        report = run_attempt(request_for(tmp_path / "nothing", "0" * 64))
        assert (report.outcome, report.cause) == (Outcome.INFRA_ERROR, Cause.INFRA)

    def test_two_samples_are_too_few_for_a_pass(self, tmp_path: Path) -> None:
        sizes = ((1, 8, 8), (2, 8, 12))
        report = run_attempt(request_for(tmp_path / "two", branched(sizes).write(tmp_path / "two")))
        assert (report.outcome, report.cause) == (Outcome.VACUOUS, Cause.HARNESS)
        assert "2 samples" in report.message

    def test_two_are_enough_where_the_architecture_takes_no_other_sizes(self, tmp_path: Path) -> None:
        network = branched(((1, 8, 8), (2, 8, 12)), {"fixed": True})
        report = run_attempt(request_for(tmp_path / "two", network.write(tmp_path / "two")))
        assert report.outcome is Outcome.PASS


class TestInventory:
    """What is wrong with the request or the host is said as such."""

    def test_an_unknown_driver_is_the_hosts_matter_and_the_known_ones_are_listed(self, tiny: tuple[Path, str]) -> None:
        report = run_attempt(request_for(*tiny, driver="abacus"))
        assert (report.outcome, report.cause) == (Outcome.INFRA_ERROR, Cause.INFRA)
        known = ", ".join(sorted(DRIVERS))
        assert report.message == f"this host has no driver 'abacus'; there are {known}: update it"

    def test_a_bad_profile_is_a_harness_error_that_names_the_key(self, tiny: tuple[Path, str]) -> None:
        report = run_attempt(request_for(*tiny, moode="fast"))
        assert (report.outcome, report.cause) == (Outcome.HARNESS_ERROR, Cause.HARNESS)
        assert "'moode'" in report.message

    def test_ops_that_the_device_lacks_are_listed_and_nothing_is_run(self, tiny: tuple[Path, str]) -> None:
        report = run_attempt(request_for(*tiny, missing_ops=["tanh", "cat", "gelu"], faults=["segfault"]))
        assert (report.outcome, report.cause) == (Outcome.UNSUPPORTED_OP, Cause.DEVICE_STACK)
        assert report.unsupported == ("cat", "tanh")
        assert report.cases == ()

    def test_a_device_without_the_ops_of_the_canary_can_still_be_judged(self, tmp_path: Path) -> None:
        report = run_attempt(
            request_for(tmp_path / "tiny", branched().write(tmp_path / "tiny"), missing_ops=["linear"])
        )
        assert report.outcome is Outcome.PASS

    def test_memory_too_small_for_the_host_itself_is_not_held_against_the_network(self, tiny: tuple[Path, str]) -> None:
        report = run_attempt(request_for(*tiny, memory_bytes=20 << 20))
        assert report.outcome.group in (Group.HARNESS, Group.INFRA)


class TestTheParentLives:
    def test_a_hang_is_ended_at_the_limit_and_the_next_attempt_runs(self, tiny: tuple[Path, str]) -> None:
        started = time.monotonic()
        report = run_attempt(request_for(*tiny, time_s=2, faults=["hang"]))
        assert time.monotonic() - started < 10
        assert (report.outcome, report.cause, report.stage) == (
            Outcome.DEVICE_TIMEOUT,
            Cause.DEVICE_STACK,
            Stage.RUN,
        )
        assert report.message == "not done after 2 s at stage run of 12x20"
        assert report.signal is None
        assert run_attempt(request_for(*tiny)).outcome is Outcome.PASS

    def test_a_crash_has_its_signal_its_sample_and_a_trace(self, tiny: tuple[Path, str]) -> None:
        report = run_attempt(request_for(*tiny, faults=["segfault"]))
        assert (report.outcome, report.cause, report.signal) == (Outcome.CRASH, Cause.DEVICE_STACK, signal.SIGSEGV)
        assert report.message == "ended by SIGSEGV at stage run of 12x20"
        assert [case.outcome for case in report.cases] == [Outcome.CRASH, Outcome.PRECLUDED, Outcome.PRECLUDED]
        assert "Segmentation fault" in report.log
        assert "faults.py" in report.log
        assert report.stack["driver"] == "numpy"

    def test_memory_is_limited(self, tiny: tuple[Path, str]) -> None:
        limit = 400 << 20
        report = run_attempt(request_for(*tiny, memory_bytes=limit, faults=["memory_hog"]))
        assert (report.outcome, report.cause) == (Outcome.OUT_OF_MEMORY, Cause.DEVICE_STACK)
        assert report.peak_memory_bytes is not None
        assert limit / 2 < report.peak_memory_bytes < limit * 1.2

    def test_the_child_sees_no_credential(self, tiny: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FARM_BROKER_URL", "redis://user:hunter2@broker/0")
        _replace_child(monkeypatch, "import os; print(sorted(os.environ.items()))")
        report = run_attempt(request_for(*tiny))
        assert "PYTHONPATH" in report.log
        assert "hunter2" not in report.log

    def test_it_runs_in_a_daemonic_process_as_those_of_a_pool_are(self, tiny: tuple[Path, str]) -> None:
        context = multiprocessing.get_context("fork")
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(target=_attempt_in_daemon, args=(sending, *tiny), daemon=True)
        process.start()
        assert receiving.poll(60)
        assert receiving.recv() == (True, Outcome.PASS)
        process.join(10)

    def test_it_runs_in_a_thread_and_in_any_folder(
        self, tiny: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "numpy.py").write_text("raise RuntimeError('imported from the current folder')")
        reports: list[AttemptReport] = []
        thread = threading.Thread(target=lambda: reports.append(run_attempt(request_for(*tiny))))
        thread.start()
        thread.join(60)
        assert [report.outcome for report in reports] == [Outcome.PASS]

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
    def test_a_host_process_that_is_killed_leaves_no_child_at_the_device(
        self, tiny: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        context = multiprocessing.get_context("fork")
        process = context.Process(target=run_attempt, args=(request_for(*tiny, faults=["hang"]),))
        process.start()
        assert process.pid is not None
        child = wait_for(lambda: _children(process.pid))
        wait_for(lambda: _parent_death_is_watched(child))
        process.kill()
        process.join(10)
        assert wait_for(lambda: is_gone(child))
        (left,) = tmp_path.glob(f"{ATTEMPTS.prefix}*")
        os.utime(left, (1000, 1000))
        ATTEMPTS.remove_leftovers()
        assert not left.exists()


class TestChildrenThatDoNotKeepToTheProtocol:
    @pytest.mark.parametrize(
        "code",
        [
            "os.write(fd, b'lorem ipsum\\n')",
            'os.write(fd, b\'{"type": "finished", "report": {"outcome": "PASS"}}\\n\')',
            'os.write(fd, b\'{"type": "finished", "report": null}\\n\'); os.kill(os.getpid(), 11)',
            "os.write(fd, bytes(range(256)) * 1000)",
            "while True: os.write(fd, b'x' * 65536)",
        ],
    )
    def test_garbage_is_a_harness_error(
        self, tiny: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, code: str
    ) -> None:
        monkeypatch.setattr("workers.processes.supervise.GRACE_S", 0.5)
        _replace_child(monkeypatch, code)
        report = run_attempt(request_for(*tiny))
        assert (report.outcome, report.cause) == (Outcome.HARNESS_ERROR, Cause.HARNESS)
        assert "nonsense" in report.message

    @pytest.mark.parametrize(("code", "said"), [("pass", "code 0"), ("sys.exit(3)", "code 3"), ("1 / 0", "code 1")])
    def test_an_end_without_a_report_is_a_harness_error(
        self, tiny: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, code: str, said: str
    ) -> None:
        _replace_child(monkeypatch, code)
        report = run_attempt(request_for(*tiny))
        assert (report.outcome, report.cause) == (Outcome.HARNESS_ERROR, Cause.HARNESS)
        assert said in report.message
        assert ("ZeroDivisionError" in report.log) == (code == "1 / 0")

    @pytest.mark.parametrize(("bundle", "nonce"), [("0" * 64, NONCE), (None, "another")])
    def test_a_pass_without_its_echo_is_vacuous(
        self, tiny: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, bundle: str | None, nonce: str
    ) -> None:
        report = (
            f'{{"outcome": "PASS", "cause": "unknown", "message": "", "stage": "done", '
            f'"bundle": "{bundle or tiny[1]}", "nonce": "{nonce}"}}'
        )
        _replace_child(monkeypatch, f'os.write(fd, b\'{{"type": "finished", "report": {report}}}\\n\')')
        assert run_attempt(request_for(*tiny)).outcome is Outcome.VACUOUS


def _replace_child(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    head = "import os, sys\nfd = int(sys.argv[1])\n"
    monkeypatch.setattr(attempt, "COMMAND", (sys.executable, "-c", head + code))


def _attempt_in_daemon(sending: "multiprocessing.connection.Connection", folder: Path, bundle: str) -> None:
    outcome = run_attempt(request_for(folder, bundle)).outcome
    sending.send((multiprocessing.current_process().daemon, outcome))


def _children(pid: int | None) -> int:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(found[0]) if found else 0


def _parent_death_is_watched(pid: int) -> bool:
    """Whether the child has come as far as setting its memory limit: the watch over its parent is older."""
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(line.split()[3] for line in limits if line.startswith("Max data size")) == str(2 << 30)
