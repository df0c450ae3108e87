"""The benchmark of predictions: that what it holds them against is what happened, and that good ones score well."""

import math
from dataclasses import replace

import pytest

from benchmarks.prediction import __main__ as benchmark
from benchmarks.prediction.devices import Device, drawn
from benchmarks.prediction.measure import Trial, after_few, brier, left_out, observations, reliability
from farm.prediction.traits import traits_of
from farm.selftest.networks import drawn as network
from workers.drivers.numpy import NumpyDriver

GRAPHS = {f"net{seed}": (network(seed, nodes=8 + seed % 5).graph,) for seed in range(24)}
TRAITS = {name: traits_of(own) for name, own in GRAPHS.items()}
TRIAL = Trial("device 1", "named", "net", passes=True, chance=0.9, base_rate=0.5, rule=1.0, right=None)


def test_a_device_lacks_what_its_profile_takes_away_and_passes_some_of_the_architectures() -> None:
    devices = drawn(4, GRAPHS)
    for device in devices:
        driver = NumpyDriver(device.profile)
        for name, (graph,) in GRAPHS.items():
            assert set(device.lacking[name]) == set(driver.unsupported(graph))
            assert device.passes(name) == (not device.lacking[name] and name not in device.broken)
        assert 0.3 <= device.passing <= 0.97
    assert drawn(4, GRAPHS) == devices
    assert drawn(4, GRAPHS, seed=1) != devices


def test_every_architecture_is_predicted_once_by_the_others_and_better_than_by_their_share() -> None:
    devices = drawn(3, GRAPHS)
    trials = list(left_out(devices, TRAITS))
    assert len(trials) == len(devices) * 2 * len(TRAITS)
    for trial in trials:
        device = next(d for d in devices if d.name == trial.device)
        assert trial.passes == device.passes(trial.architecture)
        assert trial.right is None or device.lacking[trial.architecture]
    assert brier(trials) < brier(trials, "base_rate")


def test_what_an_architecture_did_itself_says_nothing_of_it() -> None:
    device = Device("d", {}, {name: ("gelu",) if name == "net1" else () for name in TRAITS})
    other = replace(device, lacking=dict.fromkeys(TRAITS, ()))
    one, two = (next(t for t in left_out([d], TRAITS) if t.architecture == "net1").chance for d in (device, other))
    assert one == two


def test_a_silent_device_names_nothing() -> None:
    device = drawn(1, GRAPHS)[0]
    lacking = next(name for name, what in device.lacking.items() if what)
    assert any(f.said for f in observations(device, TRAITS, "named")[lacking].failures)
    assert not any(f.said for f in observations(device, TRAITS, "silent")[lacking].failures)


def test_few_are_as_many_as_was_said() -> None:
    found = list(after_few(drawn(1, GRAPHS), TRAITS, (5, 10)))
    assert sorted({size for size, _ in found}) == [5, 10]
    assert len(found) == 2 * ((24 - 5) + (24 - 10))


@pytest.mark.parametrize(("chance", "score"), [(1.0, 0.0), (0.0, 1.0), (0.5, 0.25)])
def test_the_score_is_brier_s(chance: float, score: float) -> None:
    assert brier([replace(TRIAL, chance=chance)]) == score
    assert brier([replace(TRIAL, chance=1 - chance, passes=False)]) == score


def test_reliability_is_by_tenths() -> None:
    trials = [replace(TRIAL, chance=c, passes=p) for c, p in ((0.91, True), (0.95, False), (1.0, True), (0.2, False))]
    low, high = reliability(trials)
    assert low == {"from": 0.2, "trials": 1, "chance": 0.2, "passing": 0.0}
    assert (high["from"], high["trials"]) == (0.9, 3)
    assert math.isclose(high["chance"], (0.91 + 0.95 + 1.0) / 3)
    assert math.isclose(high["passing"], 2 / 3)


def test_the_figures_are_of_every_device_and_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "graphs_of_the_zoo", lambda kinds, kept: iter(GRAPHS.items()))
    made = benchmark.measured(quick=True, devices=2, kept=None)
    assert made["architectures"] == len(GRAPHS)
    assert [(row["device"], row["words"]) for row in made["rows"]] == [
        (f"device {n}", words) for n in (1, 2) for words in ("named", "silent")
    ]
    everything = [row for row in made["total"] if row["devices"] == "all"]
    assert [row["trials"] for row in everything] == [2 * len(GRAPHS)] * 2
    for words, bins in made["reliability"].items():
        assert sum(b["trials"] for b in bins) == 2 * len(GRAPHS), words
    shown = benchmark.text(made)
    assert f"| all, silent | {everything[1]['brier']:.4f} |" in shown
    assert "| 10, named |" in shown
