"""The benchmark of finding a layer: that its trials are trials, and that the rate which the docs publish is kept."""

import pytest

from benchmarks import localise
from benchmarks.localise import trials
from workers.report import LayerError


def test_the_struck_layer_is_named_in_at_least_95_of_100_trials() -> None:
    rows = trials(60, seed=11, nodes=24)
    assert len(rows) == 60
    assert sum(row["right"] for row in rows) >= 57, [row for row in rows if not row["right"]]
    assert len({row["network"] for row in rows}) > 50
    assert {row["fault"] for row in rows} == {"bit_flip_activation", "wrong_accumulation", "wrong_layout"}
    assert len({row["op"] for row in rows}) > 5


def test_the_same_seed_gives_the_same_trials() -> None:
    def drawn(seed: int) -> list[tuple[str, str, str]]:
        return [(row["network"], row["fault"], row["struck"]) for row in trials(5, seed=seed, nodes=12)]

    assert drawn(3) == drawn(3) != drawn(4)


@pytest.mark.parametrize("found", [None, LayerError("nowhere", "conv2d", "", 1.0, True)])
def test_another_layer_or_none_is_not_right(found: LayerError | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(localise, "first_divergent_layer", lambda *_: found)
    assert [row["right"] for row in trials(3, seed=1, nodes=12)] == [False] * 3
