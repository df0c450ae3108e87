"""Replaying on a fake device: the order of things, and what each way of going wrong becomes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mcore.platform.bundle import Bundle
from tests.workers.bundles import branched
from tests.workers.fakes import FakeDriver, FakeSession, Inputs, Outputs, always, on_networks, spoilt
from tests.workers.policies import FP32
from workers.canary import is_canary
from workers.channel import Judged, Message, Reached
from workers.codec import MAX_TEXT
from workers.driver import DeviceCrashed, DeviceLost, DeviceOutOfMemory, DeviceTimedOut, LoadRejected, Placement
from workers.outcome import Cause, Group, Outcome
from workers.replay import Replayed, replay

NETWORK = branched()
BUNDLE = NETWORK.bundle()
ERRORS = (LoadRejected, DeviceOutOfMemory, DeviceLost, MemoryError)
NAMES = [sample.name for sample in BUNDLE.samples]


class Told(list[Message]):
    """What the replay told, as it came."""

    @property
    def stages(self) -> list[str]:
        """Each stage with its sample, if it is about one."""
        return [f"{m.stage} {m.sample}".strip() for m in self if isinstance(m, Reached)]


def replayed(driver: FakeDriver, bundle: Bundle = BUNDLE, *, measure: bool = True) -> tuple[Replayed, Told]:
    told = Told()
    return replay(driver, bundle, FP32, told.append, measure=measure), told


def outcomes(result: Replayed) -> list[Outcome]:
    return [case.outcome for case in result.cases]


def spoil(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
    return {name: spoilt(value) for name, value in outputs.items()}


def from_then_on(count: int, act: Callable[..., Any]) -> Callable[..., Any]:
    """``act`` from the run of that number on, of canaries and networks together."""

    def chosen(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Any:
        return act(session, inputs, outputs) if len(session.driver.ran) > count else outputs

    return chosen


class TestAPass:
    def test_all_samples_pass_with_figures_and_latencies(self) -> None:
        result, _ = replayed(FakeDriver())
        assert result.finding.outcome is Outcome.PASS
        assert result.finding.message == ""
        assert [case.sample for case in result.cases] == NAMES
        for case in result.cases:
            assert case.outcome is Outcome.PASS
            assert [error.output for error in case.tensors] == ["out", "stem"]
            assert all(error.margin == 1.0 for error in case.tensors)
            assert case.latency_ms is not None
            assert case.latency_ms > 0
        assert result.load_ms is not None

    def test_stages_are_told_before_they_begin_and_cases_when_they_are_judged(self) -> None:
        _, told = replayed(FakeDriver())
        around = [f"{stage} {name}" for name in NAMES for stage in ("run", "compare")]
        assert told.stages == ["canary", "load", *around, "canary"]
        assert [m.case.sample for m in told if isinstance(m, Judged)] == NAMES
        assert isinstance(told[4], Judged), "the first case comes before the second sample begins"

    def test_a_stage_is_told_before_its_work(self) -> None:
        told = Told()
        seen: list[str] = []

        def loaded(bundle: Bundle) -> None:
            seen.append(told.stages[-1])

        def ran(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
            seen.append(told.stages[-1])
            return outputs

        replay(FakeDriver(on_load=loaded, on_run=ran), BUNDLE, FP32, told.append)
        assert list(dict.fromkeys(seen)) == ["canary", "load", *(f"run {name}" for name in NAMES)]

    def test_a_canary_runs_before_and_after(self) -> None:
        driver = FakeDriver()
        replayed(driver)
        order = [is_canary(bundle) for bundle, _ in driver.ran]
        assert order[0]
        assert order[-1]
        assert not all(order)
        assert order == sorted(order[:2], reverse=True) + sorted(order[2:]), "canary, network, canary"

    def test_it_warms_up_on_other_inputs_of_the_same_shape(self) -> None:
        driver = FakeDriver()
        replayed(driver)
        for sample in BUNDLE.samples:
            first, second = [i["x"] for _, i in driver.ran if i["x"].shape == sample.inputs["x"].shape][:2]
            assert not np.array_equal(first, sample.inputs["x"])
            np.testing.assert_array_equal(second, sample.inputs["x"])

    def test_where_nothing_is_to_be_measured_each_sample_runs_once_after_its_warm_up(self) -> None:
        measured, driver = FakeDriver(), FakeDriver()
        replayed(measured)
        result, _ = replayed(driver, measure=False)
        assert result.finding.outcome is Outcome.PASS
        assert [case.latency_ms for case in result.cases] == [None] * 3
        assert all(case.tensors for case in result.cases)
        runs = [sum(not is_canary(bundle) for bundle, _ in d.ran) for d in (driver, measured)]
        assert runs[0] == 2 * len(NAMES) < runs[1]

    def test_a_part_of_it_on_the_cpu_is_a_pass_by_fallback_that_says_what(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        placement = Placement(7, ("TopK", "Loop", "TopK"))
        monkeypatch.setattr(FakeSession, "placement", lambda session: placement, raising=False)
        result, _ = replayed(FakeDriver())
        said = "3 of 10 operators fell back to the CPU: Loop, TopK"
        assert (result.finding.outcome, result.finding.message) == (Outcome.PASS_FALLBACK, f"{NAMES[0]}: {said}")
        assert outcomes(result) == [Outcome.PASS_FALLBACK] * 3
        assert f"{NAMES[2]}: {said}\n" in capsys.readouterr().out

    def test_with_all_of_it_on_the_accelerator_it_is_a_plain_pass(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(FakeSession, "placement", lambda session: Placement(7), raising=False)
        result, _ = replayed(FakeDriver())
        assert outcomes(result) == [Outcome.PASS] * 3
        assert f"{NAMES[0]}: all 7 operators ran on the accelerator\n" in capsys.readouterr().out

    def test_a_device_that_falls_back_and_is_wrong_is_wrong(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(FakeSession, "placement", lambda session: Placement(7, ("TopK",)), raising=False)
        result, _ = replayed(FakeDriver({"v4": spoilt}))
        assert set(outcomes(result)) == {Outcome.MISMATCH}

    def test_latency_is_by_the_devices_own_clock_where_it_has_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(FakeSession, "run_ms", 12.5, raising=False)
        result, _ = replayed(FakeDriver())
        assert [case.latency_ms for case in result.cases] == [12.5] * 3

    def test_every_session_is_closed(self) -> None:
        driver = FakeDriver()
        replayed(driver)
        assert len(driver.sessions) == 3
        assert all(session.closed for session in driver.sessions)


class TestWrongResults:
    def test_the_worst_case_speaks_and_the_layer_is_found_on_the_smallest(self) -> None:
        result, told = replayed(FakeDriver({"v4": spoilt}))
        assert (result.finding.outcome, result.finding.cause) == (Outcome.MISMATCH, Cause.DEVICE_STACK)
        assert result.finding.message.startswith("16x16: output 'out' leaves its golden")
        assert outcomes(result) == [Outcome.MISMATCH] * 3
        named = {case.sample: case.first_divergent_layer for case in result.cases}
        layer = named.pop("13x17")
        assert layer is not None
        assert (layer.value, layer.op, layer.module, layer.introduced_here) == ("v4", "conv2d", "right", True)
        assert named == {"16x16": None, "12x20": None}
        assert told.stages[-2:] == ["canary", "localise"]

    @pytest.mark.parametrize("wrong", [2, 3, 4])
    def test_a_right_and_a_wrong_result_on_the_same_inputs_are_nondeterministic(self, wrong: int) -> None:
        def once(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
            runs = sum(given["x"].shape == inputs["x"].shape for _, given in session.driver.ran)
            return spoil(session, inputs, outputs) if runs == wrong else outputs

        result, told = replayed(FakeDriver(on_run=on_networks(once)))
        assert (result.finding.outcome, result.finding.cause) == (Outcome.NONDETERMINISTIC, Cause.DEVICE_STACK)
        assert "the same inputs gave a right result and a wrong one: output 'out' leaves" in result.finding.message
        assert outcomes(result) == [Outcome.NONDETERMINISTIC] * 3
        assert all(any(error.margin < 0 for error in case.tensors) for case in result.cases)
        assert "localise" not in told.stages

    def test_results_that_differ_and_are_all_right_pass(self) -> None:
        def rounded(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
            scale = np.float32(1 + 1e-6 * len(session.driver.ran))
            return {name: value * scale for name, value in outputs.items()}

        result, _ = replayed(FakeDriver(on_run=on_networks(rounded)))
        assert result.finding.outcome is Outcome.PASS

    def test_results_that_differ_and_are_all_wrong_are_a_mismatch(self) -> None:
        def off(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
            return {name: spoilt(value) * len(session.driver.ran) for name, value in outputs.items()}

        result, _ = replayed(FakeDriver(on_run=on_networks(off)))
        assert result.finding.outcome is Outcome.MISMATCH

    def test_one_wrong_sample_of_three_is_enough(self) -> None:
        def wide_only(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
            return spoil(session, inputs, outputs) if inputs["x"].shape[0] == 2 else outputs

        result, _ = replayed(FakeDriver(on_run=on_networks(wide_only)))
        assert outcomes(result) == [Outcome.PASS, Outcome.MISMATCH, Outcome.PASS]
        assert result.finding.message.startswith("12x20: ")

    def test_the_layer_of_a_value_that_is_not_finite_is_found_too(self) -> None:
        result, _ = replayed(FakeDriver({"v3": lambda value: np.full_like(value, np.nan)}))
        assert result.finding.outcome is Outcome.NONFINITE
        assert [c.first_divergent_layer.value for c in result.cases if c.first_divergent_layer] == ["v3"]

    def test_a_device_that_gives_back_what_it_computed_before_is_caught(self) -> None:
        first: dict[tuple[int, ...], Outputs] = {}

        def stale(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
            return first.setdefault(inputs["x"].shape, outputs)

        result, _ = replayed(FakeDriver(on_run=on_networks(stale)))
        assert result.finding.outcome is Outcome.MISMATCH

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda outputs: {"out": outputs["out"]}, "16x16: output 'stem' is missing"),
            (lambda outputs: {**outputs, "more": outputs["out"]}, "16x16: output 'more' has no golden"),
        ],
    )
    def test_missing_and_surplus_outputs(self, change: Callable[[Outputs], Outputs], message: str) -> None:
        result, _ = replayed(FakeDriver(on_run=on_networks(lambda session, inputs, outputs: change(outputs))))
        assert (result.finding.outcome, result.finding.message) == (Outcome.SHAPE_OR_DTYPE, message)

    def test_a_device_that_runs_whole_networks_only_keeps_its_finding(self) -> None:
        result, _ = replayed(FakeDriver({"v4": spoilt}, fetches=False))
        assert result.finding.outcome is Outcome.MISMATCH
        assert [case.message.endswith("this device cannot run parts of a network") for case in result.cases] == [
            False,
            False,
            True,
        ]

    @pytest.mark.parametrize(
        "error", [LoadRejected("no"), DeviceLost("gone"), DeviceOutOfMemory("full"), KeyError("x")]
    )
    def test_whatever_goes_wrong_in_the_search_takes_nothing_from_the_finding(self, error: Exception) -> None:
        driver = FakeDriver({"v4": spoilt})

        def loaded(bundle: Bundle) -> None:
            if driver.fetched:
                raise error

        driver.on_load = loaded
        result, _ = replayed(driver)
        assert result.finding.outcome is Outcome.MISMATCH
        assert "the layer is not known" in result.cases[2].message


class TestVacuous:
    def test_agreement_with_an_insensitive_sample_is_no_pass(self) -> None:
        weak = replace(NETWORK.samples[1], sensitivity={"out": 1e-6, "stem": 1.0})
        bundle = replace(BUNDLE, samples=(NETWORK.samples[0], weak, NETWORK.samples[2]))
        result, _ = replayed(FakeDriver(), bundle)
        assert outcomes(result) == [Outcome.PASS, Outcome.VACUOUS, Outcome.PASS]
        assert (result.finding.outcome, result.finding.cause) == (Outcome.VACUOUS, Cause.HARNESS)
        assert result.finding.message.startswith("12x20: output 'out' changes by 1e-06")

    def test_disagreement_with_an_insensitive_sample_is_a_failure(self) -> None:
        weak = replace(NETWORK.samples[1], sensitivity={"out": 1e-6, "stem": 1.0})
        result, _ = replayed(FakeDriver({"v7": spoilt}), replace(BUNDLE, samples=(weak,)))
        assert result.finding.outcome is Outcome.MISMATCH

    def test_two_samples_are_too_few_unless_the_sizes_are_fixed(self) -> None:
        few = replace(BUNDLE, samples=BUNDLE.samples[:2])
        assert replayed(FakeDriver(), few)[0].finding.outcome is Outcome.VACUOUS
        fixed = branched(((1, 8, 8), (2, 8, 8)), {"fixed": True})
        fixed_samples = tuple(replace(s, name=f"{i}x8") for i, s in enumerate(fixed.samples))
        assert replayed(FakeDriver(), replace(fixed.bundle(), samples=fixed_samples))[0].finding.outcome is Outcome.PASS


class TestErrorsOfTheDevice:
    def test_an_op_that_it_lacks_is_told_before_anything_runs(self) -> None:
        driver = FakeDriver(lacks=("tanh", "cat"))
        result, told = replayed(driver)
        assert (result.finding.outcome, result.finding.cause) == (Outcome.UNSUPPORTED_OP, Cause.DEVICE_STACK)
        assert result.finding.message == "the device lacks cat, tanh"
        assert result.unsupported == ("cat", "tanh")
        assert driver.ran == []
        assert told == []

    @pytest.mark.parametrize(
        ("error", "outcome", "cause"),
        [
            (LoadRejected("too wide"), Outcome.LOAD_REJECTED, Cause.DEVICE_STACK),
            (DeviceOutOfMemory("too wide"), Outcome.OUT_OF_MEMORY, Cause.DEVICE_STACK),
            (MemoryError("too wide"), Outcome.OUT_OF_MEMORY, Cause.DEVICE_STACK),
            (DeviceCrashed("too wide"), Outcome.CRASH, Cause.DEVICE_STACK),
            (DeviceTimedOut("too wide"), Outcome.DEVICE_TIMEOUT, Cause.DEVICE_STACK),
            (DeviceLost("too wide"), Outcome.INFRA_ERROR, Cause.DEVICE_UNIT),
        ],
    )
    @pytest.mark.parametrize("when", ["on_load", "on_run"])
    def test_each_is_an_outcome_of_its_own(self, error: Exception, outcome: Outcome, cause: Cause, when: str) -> None:
        result, _ = replayed(FakeDriver(**{when: on_networks(always(error))}))  # type: ignore[arg-type]
        assert (result.finding.outcome, result.finding.cause) == (outcome, cause)
        assert "too wide" in result.finding.message

    def test_a_size_that_does_not_fit_says_nothing_about_the_others(self) -> None:
        def narrow(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
            if inputs["x"].shape[0] == 2:
                raise DeviceOutOfMemory("full")
            return outputs

        result, _ = replayed(FakeDriver(on_run=on_networks(narrow)))
        assert outcomes(result) == [Outcome.PASS, Outcome.OUT_OF_MEMORY, Outcome.PASS]
        assert result.finding.message == "12x20: full"

    def test_after_the_unit_is_lost_the_other_samples_never_had_a_chance(self) -> None:
        def lost(session: FakeSession, inputs: Inputs, outputs: Outputs) -> Outputs:
            if inputs["x"].shape[0] == 2:
                raise DeviceLost("gone")
            return outputs

        driver = FakeDriver(on_run=on_networks(lost))
        result, told = replayed(driver)
        assert outcomes(result) == [Outcome.PASS, Outcome.INFRA_ERROR, Outcome.PRECLUDED]
        assert result.finding.message == "the unit was lost: gone"
        assert told.stages[-1] == "run 12x20", "a lost unit has no canary"
        assert all(session.closed for session in driver.sessions)

    def test_what_nobody_foresaw_in_a_run_is_the_harness_s(self) -> None:
        result, _ = replayed(FakeDriver(on_run=on_networks(always(ZeroDivisionError("by\nzero")))))
        assert (result.finding.outcome, result.finding.cause) == (Outcome.HARNESS_ERROR, Cause.HARNESS)
        assert result.finding.message == "16x16: ZeroDivisionError: by zero"

    @pytest.mark.parametrize("error", [ZeroDivisionError(), KeyboardInterrupt()])
    def test_what_nobody_foresaw_at_load_comes_through(self, error: Exception) -> None:
        with pytest.raises(type(error)):
            replayed(FakeDriver(on_load=on_networks(always(error))))

    @pytest.mark.parametrize(
        ("error", "when"),
        [
            *((kind, when) for kind in ERRORS for when in ("on_load", "on_run")),
            (RuntimeError, "on_run"),
        ],
    )
    def test_messages_are_one_line_that_can_be_told(self, error: type[Exception], when: str) -> None:
        long = "at layer 3:\n  no kernel\n" * 1000
        result, _ = replayed(FakeDriver(**{when: on_networks(always(error(long)))}))  # type: ignore[arg-type]
        for message in (result.finding.message, *(case.message for case in result.cases)):
            assert "at layer 3: no kernel at layer 3" in message or "before it" in message
            assert "\n" not in message
            assert len(message) <= MAX_TEXT


class TestSickUnits:
    def test_a_canary_that_is_dead_before_spares_the_network(self) -> None:
        driver = FakeDriver(on_run=spoil)
        result, told = replayed(driver)
        assert (result.finding.outcome, result.finding.cause) == (Outcome.INFRA_ERROR, Cause.DEVICE_UNIT)
        assert result.finding.message.startswith("canary failed: output 'out' leaves its golden")
        assert result.cases == ()
        assert told.stages == ["canary"]

    @pytest.mark.parametrize("error", [LoadRejected("no"), DeviceOutOfMemory("no"), DeviceLost("no")])
    @pytest.mark.parametrize("when", ["on_load", "on_run"])
    def test_a_unit_that_refuses_the_canary_is_sick(self, error: Exception, when: str) -> None:
        result, _ = replayed(FakeDriver(**{when: always(error)}))  # type: ignore[arg-type]
        assert (result.finding.outcome, result.finding.cause) == (Outcome.INFRA_ERROR, Cause.DEVICE_UNIT)
        assert result.finding.message == f"canary failed: {type(error).__name__}: no"

    @pytest.mark.parametrize("healthy_runs", [2, 3, 8, 15])
    def test_a_unit_that_falls_sick_meanwhile_blames_no_network(self, healthy_runs: int) -> None:
        result, told = replayed(FakeDriver(on_run=from_then_on(healthy_runs, spoil)))
        assert (result.finding.outcome, result.finding.cause) == (Outcome.INFRA_ERROR, Cause.DEVICE_UNIT)
        assert told.stages[-1] == "canary", "no layer is looked for on a sick unit"

    @pytest.mark.parametrize("error", [LoadRejected("x"), DeviceOutOfMemory("x")])
    def test_neither_does_one_that_refuses_everything_from_then_on(self, error: Exception) -> None:
        result, _ = replayed(FakeDriver(on_run=from_then_on(2, always(error))))
        assert (result.finding.outcome, result.finding.cause) == (Outcome.INFRA_ERROR, Cause.DEVICE_UNIT)

    def test_a_pass_before_the_unit_fell_sick_is_no_pass(self) -> None:
        whole = FakeDriver()
        replayed(whole)
        networks = sum(not is_canary(bundle) for bundle, _ in whole.ran)
        result, _ = replayed(FakeDriver(on_run=from_then_on(2 + networks, spoil)))
        assert outcomes(result) == [Outcome.PASS] * 3
        assert result.finding.outcome is Outcome.INFRA_ERROR


@pytest.mark.parametrize("error", [*ERRORS, RuntimeError])
@pytest.mark.parametrize("count", range(0, 22, 3))
def test_no_error_at_any_moment_is_a_pass(error: type[Exception], count: int) -> None:
    driver = FakeDriver(on_run=from_then_on(count, always(error("at any moment"))))
    try:
        result, _ = replayed(driver)
    except (MemoryError, RuntimeError):
        return  # at the canary: the caller's
    assert result.finding.outcome.group is not Group.GOOD or len(driver.ran) <= count
