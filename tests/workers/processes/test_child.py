"""The child's own part of an attempt, in this process: every end is a report, whatever is raised and wherever."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcore.platform.bundle import Bundle, Sample
from tests.workers.attempts import NONCE, request_for
from tests.workers.bundles import branched
from tests.workers.fakes import FakeDriver, FakeSession, always
from workers.channel import Judged, Message, Opened, Reached
from workers.codec import MAX_TEXT
from workers.driver import DeviceLost
from workers.judging.compare import Comparison
from workers.judging.judge import compared_with_golden
from workers.outcome import Cause, Outcome
from workers.policy import Policy
from workers.processes import child
from workers.processes.child import attempt
from workers.report import AttemptReport, Stage
from workers.request import AttemptRequest
from workers.stack import stack_hash


@pytest.fixture(scope="module")
def request_(tmp_path_factory: pytest.TempPathFactory) -> AttemptRequest:
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    return request_for(folder, branched().write(folder), memory_bytes=64 << 20)


def attempted(request: AttemptRequest) -> tuple[AttemptReport, list[Message]]:
    told: list[Message] = []
    return attempt(request, told.append), told


def use(monkeypatch: pytest.MonkeyPatch, driver: FakeDriver) -> None:
    monkeypatch.setattr(child, "make_driver", lambda name, profile: driver)


def test_a_pass_is_told_step_by_step_and_echoes_what_was_asked(request_: AttemptRequest) -> None:
    report, told = attempted(request_)
    assert (report.outcome, report.stage) == (Outcome.PASS, Stage.DONE)
    assert (report.bundle, report.nonce) == (request_.bundle, NONCE)
    assert told[:2] == [Reached(Stage.FETCH), Reached(Stage.CANARY)]
    opened = next(m for m in told if isinstance(m, Opened))
    assert opened == Opened(request_.bundle, ("12x20", "13x17", "16x16"), dict(report.stack))
    assert tuple(m.case for m in told if isinstance(m, Judged)) == report.cases


@pytest.mark.parametrize(("stack", "timed"), [({"driver": "fake"}, False), ({"driver": "another"}, True)])
def test_a_graph_that_was_timed_on_this_very_stack_is_not_timed_again(
    request_: AttemptRequest, monkeypatch: pytest.MonkeyPatch, stack: dict[str, str], timed: bool
) -> None:
    use(monkeypatch, FakeDriver())
    report, _ = attempted(replace(request_, measured_stack=stack_hash(stack)))
    assert report.outcome is Outcome.PASS
    assert [case.latency_ms is not None for case in report.cases] == [timed] * 3
    assert report.load_ms is not None


class TestMemory:
    def test_a_bundle_that_does_not_fit_is_out_of_memory(
        self, request_: AttemptRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(child, "read_bundle", always(MemoryError()))
        monkeypatch.setattr(child, "_size_bytes", lambda folder: 32 << 20)
        report, _ = attempted(request_)
        assert (report.outcome, report.cause, report.stage) == (
            Outcome.OUT_OF_MEMORY,
            Cause.DEVICE_STACK,
            Stage.FETCH,
        )
        assert report.message == "the memory limit of 64 MiB is too small, at stage fetch"

    def test_a_small_bundle_that_does_not_fit_is_the_inventory_s(
        self, request_: AttemptRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(child, "read_bundle", always(MemoryError()))
        report, _ = attempted(request_)
        assert (report.outcome, report.cause, report.stage) == (
            Outcome.HARNESS_ERROR,
            Cause.HARNESS,
            Stage.FETCH,
        )
        assert report.message == "inventory: the memory limit of 64 MiB is too small for the driver itself"

    @pytest.mark.parametrize("when", ["up", "on_load", "on_run"])
    def test_a_driver_that_does_not_fit_is_the_inventory_s(
        self, request_: AttemptRequest, monkeypatch: pytest.MonkeyPatch, when: str
    ) -> None:
        if when == "up":
            monkeypatch.setattr(child, "make_driver", always(MemoryError()))
        else:
            use(monkeypatch, FakeDriver(**{when: always(MemoryError())}))  # type: ignore[arg-type]
        report, _ = attempted(request_)
        assert (report.outcome, report.cause) == (Outcome.HARNESS_ERROR, Cause.HARNESS)
        assert report.message == "inventory: the memory limit of 64 MiB is too small for the driver itself"

    def test_a_canary_that_finds_no_memory_after_the_network_is_the_network_s(
        self, request_: AttemptRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        driver = FakeDriver()

        def full(session: FakeSession, inputs: Any, outputs: Any) -> Any:
            if len(driver.sessions) > 2:
                raise MemoryError
            return outputs

        driver.on_run = full
        use(monkeypatch, driver)
        report, _ = attempted(request_)
        assert (report.outcome, report.cause) == (Outcome.OUT_OF_MEMORY, Cause.DEVICE_STACK)
        assert report.message == "the memory limit of 64 MiB is too small, at stage canary"


class TestTheHost:
    def test_a_library_that_is_not_installed_is_the_host_s(
        self, request_: AttemptRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(child, "make_driver", always(ModuleNotFoundError("No module named 'vendor'")))
        report, _ = attempted(request_)
        assert (report.outcome, report.cause) == (Outcome.INFRA_ERROR, Cause.INFRA)
        assert report.message == "this host lacks what driver 'numpy' needs: No module named 'vendor'"

    def test_a_unit_that_does_not_come_up_is_the_unit_s(
        self, request_: AttemptRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(child, "make_driver", always(DeviceLost("no answer\nwithin 3 s")))
        report, _ = attempted(request_)
        assert (report.outcome, report.cause) == (Outcome.INFRA_ERROR, Cause.DEVICE_UNIT)
        assert report.message == "the unit does not come up: no answer within 3 s"
        assert report.bundle == request_.bundle

    def test_a_profile_that_is_wrong_is_the_inventory_s(
        self, request_: AttemptRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(child, "make_driver", always(ValueError("mode: no")))
        report, _ = attempted(request_)
        assert (report.outcome, report.cause) == (Outcome.HARNESS_ERROR, Cause.HARNESS)
        assert report.message == "inventory: mode: no"

    def test_a_bundle_of_another_identity_is_not_run(self, request_: AttemptRequest, tmp_path: Path) -> None:
        other = branched(((1, 8, 8), (2, 8, 12), (1, 9, 9))).write(tmp_path / "other")
        report, told = attempted(request_for(tmp_path / "other", request_.bundle))
        assert (report.outcome, report.cause) == (Outcome.INFRA_ERROR, Cause.INFRA)
        assert report.bundle == other
        assert told == [Reached(Stage.FETCH)]


class TestTheUnforeseen:
    @pytest.mark.parametrize("place", ["read_bundle", "make_driver", "replay"])
    @pytest.mark.parametrize("error", [KeyError("k"), AssertionError(), RecursionError("deep"), UnicodeError("u")])
    def test_it_is_a_harness_error_wherever_it_comes_from(
        self,
        request_: AttemptRequest,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        place: str,
        error: Exception,
    ) -> None:
        monkeypatch.setattr(child, place, always(error))
        report, _ = attempted(request_)
        assert (report.outcome, report.cause) == (Outcome.HARNESS_ERROR, Cause.HARNESS)
        if not (place == "make_driver" and isinstance(error, ValueError)):
            assert report.message.startswith(f"{type(error).__name__}:")
            assert "Traceback" in capsys.readouterr().err

    def test_its_message_is_one_bounded_line(self, request_: AttemptRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(child, "replay", always(KeyError("line\n" * 10_000)))
        report, _ = attempted(request_)
        assert "\n" not in report.message
        assert len(report.message) <= MAX_TEXT

    def test_cases_that_were_judged_before_it_are_kept(
        self, request_: AttemptRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def odd(outputs: Any, bundle: Bundle, sample: Sample, policy: Policy) -> Comparison:
            if sample.name == "13x17":
                raise KeyError("odd")
            return compared_with_golden(outputs, bundle, sample, policy)

        monkeypatch.setattr("workers.replay.compared_with_golden", odd)
        use(monkeypatch, FakeDriver())
        report, _ = attempted(request_)
        assert (report.outcome, report.stage) == (Outcome.HARNESS_ERROR, Stage.COMPARE)
        assert [(case.sample, case.outcome) for case in report.cases] == [("12x20", Outcome.PASS)]
