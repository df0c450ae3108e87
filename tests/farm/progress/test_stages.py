"""How long the rest will take: by what it took before, as long as the slowest stage, and no number out of nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.planning.cost import CONVERSION, Run, Speeds
from farm.progress.stages import Progress, Rest, Stage, Work, rests, whole
from farm.progress.words import line

SPEEDS = Speeds([Run(CONVERSION, "network:a", 4.0), Run("numpy", "network:a", 10.0), Run("numpy", "block:b", 2.0)])
NOTHING = Stage(CONVERSION)


def of_device(stage: Stage, conversion: Stage = NOTHING) -> Rest:
    return rests(Progress(conversion, (stage,)), SPEEDS)[stage.name]


@pytest.mark.parametrize(
    ("stage", "rest"),
    [
        (Stage("numpy"), Rest(0.0)),
        (Stage("numpy", ("network:a", "block:b")), Rest(12.0)),
        (Stage("numpy", ("network:a", "network:a"), at_once=2), Rest(10.0)),
        # No number of units makes one piece of work shorter.
        (Stage("numpy", ("network:a",), at_once=9), Rest(10.0)),
        (Stage("numpy", under_way=(Work("network:a", "u", 7.0),)), Rest(3.0)),
        # One that takes longer than ever may end at any moment.
        (Stage("numpy", under_way=(Work("network:a", "u", 70.0),)), Rest(0.0)),
        # Another of the kind is a guess; of another kind on this device nothing is known.
        (Stage("numpy", ("network:z", "head:h")), Rest(10.0, 1)),
        (Stage("board", ("network:a",)), Rest(0.0, 1)),
        # Nobody knows when a drained unit is resumed; what was begun goes on.
        (Stage("numpy", ("network:a",), (Work("block:b", "u", 0.5),), waits="draining"), Rest(1.5, 1)),
    ],
)
def test_a_stage(stage: Stage, rest: Rest) -> None:
    assert of_device(stage) == rest


def test_what_is_yet_to_be_converted_is_still_to_run() -> None:
    conversion = Stage(CONVERSION, ("network:a",), (Work("block:b", "", 0.0),))
    assert of_device(Stage("numpy", ("network:a",)), conversion) == Rest(22.0)
    found = rests(Progress(conversion, (Stage("numpy"),)), SPEEDS)
    assert found[CONVERSION] == Rest(4.0, 1)
    assert whole(found) == Rest(12.0, 1)


NAMES = st.sampled_from(["network:a", "block:b", "network:z", "head:h"])
STAGES = st.builds(
    Stage,
    st.just("numpy"),
    st.lists(NAMES, max_size=4).map(tuple),
    st.lists(st.builds(Work, NAMES, st.just("u"), st.floats(0, 100)), max_size=3).map(tuple),
    st.integers(0, 9),
    at_once=st.integers(1, 4),
)


@given(STAGES, st.lists(NAMES, max_size=3))
def test_more_work_never_takes_less(stage: Stage, more: list[str]) -> None:
    longer = Stage(stage.name, (*stage.queued, *more), stage.under_way, stage.done, at_once=stage.at_once)
    before, after = of_device(stage), of_device(longer)
    assert 0.0 <= before.seconds <= after.seconds
    assert before.unknown <= after.unknown <= longer.left
    assert stage.total == len(stage.queued) + len(stage.under_way) + stage.done


@given(STAGES, st.lists(NAMES, max_size=3))
def test_every_state_is_one_line(stage: Stage, to_convert: list[str]) -> None:
    progress = Progress(Stage(CONVERSION, tuple(to_convert)), (stage,))
    said = line(progress, rests(progress, SPEEDS))
    assert said
    assert len(said.splitlines()) == 1
    if stage.left or to_convert:
        assert said.endswith(" to go") or not whole(rests(progress, SPEEDS)).seconds
