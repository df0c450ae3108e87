"""Whatever field of whatever message holds too much, the message is refused and the field named; what is sent fits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.caps import ITEMS, MAX_DEPTH, MAX_ITEMS, MAX_KEY, MAX_TEXT, TEXTS, fitted
from farm.protocol import ProtocolError, decode, encode
from tests.farm.test_protocol import CURRENT, REPORT
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport, CaseReport, LayerError, Stage, TensorError

Path = tuple[str | int, ...]
#: Objects of any keys; all others have fields.
FREE = (("profile",), ("stack",), ("report", "stack"))


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """All values in a message, with where they are."""
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def excess(path: Path, value: Any) -> Any:
    """A value of the same type that is more than the field may hold; ``None`` where there is none."""
    field = ".".join(key for key in path if isinstance(key, str))
    match value:
        case str():
            return "x" * (TEXTS.get(field, MAX_TEXT) + 1)
        case bool():
            return None
        case int():
            return 1 << 70
        case list():
            return (value or ["x"]) * (ITEMS.get(field, MAX_ITEMS) + 1)
        case dict() if path in FREE:
            return {f"k{n}": "v" for n in range(ITEMS.get(field, MAX_ITEMS) + 1)}
    return None


def field_of(path: Path) -> str:
    """Name of the field that a place is in; the keys of objects of any keys are no fields."""
    for free in FREE:
        if path[: len(free)] == free:
            path = free
    return next(key for key in reversed(path) if isinstance(key, str))


def replaced(body: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    made = dict(body) if isinstance(body, dict) else list(body)
    made[path[0]] = replaced(made[path[0]], path[1:], value)
    return made


BODIES = {name: json.loads(encode(message)) for name, message in CURRENT.items()}
PLACES = [
    (name, path)
    for name, body in BODIES.items()
    for path, value in places(body)
    if path and path != ("schema",) and excess(path, value) is not None
]


@pytest.mark.parametrize(
    ("name", "path"), PLACES, ids=lambda part: part if isinstance(part, str) else ".".join(map(str, part))
)
def test_a_field_beyond_its_cap_is_refused_and_named(name: str, path: Path) -> None:
    value = dict(places(BODIES[name]))[path]
    with pytest.raises(ProtocolError) as caught:
        decode(json.dumps(replaced(BODIES[name], path, excess(path, value))))
    said = str(caught.value)
    assert field_of(path) in said
    assert "\n" not in said
    assert len(said) < 300


def test_there_are_fields_of_every_message_among_them() -> None:
    assert {name for name, _ in PLACES} == set(CURRENT)
    assert len(PLACES) > 50


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else "x"


@pytest.mark.parametrize(
    ("profile", "named"),
    [
        ({"k" * (MAX_KEY + 1): 1}, "a key of profile: 257 characters, where 256 is the most"),
        ({"faults": [{"op": "x" * (MAX_TEXT + 1)}]}, r"profile.faults\[0\].op: 4097 characters"),
        ({"deep": nested(MAX_DEPTH)}, f"more than {MAX_DEPTH} lists and objects within one another"),
        ({"many": ["x"] * (MAX_ITEMS + 1)}, "profile.many: 1025 entries"),
        ({"large": 1 << 63}, "profile.large"),
    ],
    ids=["key", "text", "depth", "entries", "number"],
)
def test_a_profile_of_any_form_has_caps_too(profile: dict[str, Any], named: str) -> None:
    with pytest.raises(ProtocolError, match=named):
        decode(json.dumps(BODIES["attempt-3"] | {"profile": profile}))


@pytest.mark.parametrize(
    "path",
    [("report", "log"), ("report", "message"), ("report", "cases", 0, "first_divergent_layer", "signature")],
    ids=lambda path: str(path[-1]),
)
def test_a_field_at_its_cap_is_read(path: Path) -> None:
    field = ".".join(key for key in path if isinstance(key, str))
    decode(json.dumps(replaced(BODIES["report-4"], path, "x" * TEXTS.get(field, MAX_TEXT))))


text = st.text(max_size=20).flatmap(lambda t: st.sampled_from([1, 400, 6000]).map(lambda n: t * n))
layers = st.builds(LayerError, text, text, text, st.floats(0, 1), signature=text, source=text)
cases = st.builds(
    CaseReport,
    text,
    st.sampled_from(Outcome),
    text,
    st.lists(st.builds(TensorError, text, *[st.floats(0, 1)] * 6), max_size=2).map(tuple),
    first_divergent_layer=st.none() | layers,
)


@given(
    st.builds(
        AttemptReport,
        st.sampled_from(Outcome),
        st.sampled_from(Cause),
        text,
        st.sampled_from(Stage),
        bundle=text,
        nonce=text,
        stack=st.dictionaries(text, text, max_size=2),
        cases=st.lists(cases, max_size=2).map(tuple),
        unsupported=st.lists(text, max_size=2).map(tuple),
        log=text,
    )
)
def test_a_report_with_texts_of_any_length_is_made_to_fit(report: AttemptReport) -> None:
    fits = fitted(report)
    told = decode(encode(type(REPORT)("a", "t", "u", 1.0, fits)))
    assert told == type(REPORT)("a", "t", "u", 1.0, fits)
    assert (fits.outcome, fits.cause, fits.stage) == (report.outcome, report.cause, report.stage)
    assert [case.outcome for case in fits.cases] == [case.outcome for case in report.cases]
    if len(report.message) > MAX_TEXT:
        assert "bytes left out" in fits.message


def test_a_report_that_fits_is_left_as_it_is() -> None:
    assert fitted(REPORT.report) is REPORT.report


def test_no_case_is_left_out_to_make_a_report_fit() -> None:
    """What cannot be said whole is said to be so, by the host: ``the report cannot be sent``."""
    many = tuple(CaseReport(str(n), Outcome.PASS) for n in range(MAX_ITEMS + 1))
    report = AttemptReport(Outcome.PASS, Cause.UNKNOWN, "", Stage.DONE, bundle="b", nonce="n", cases=many)
    assert fitted(report).cases == many
    with pytest.raises(ProtocolError, match=r"report\.cases: 1025 entries, where 1024 is the most"):
        decode(encode(type(REPORT)("a", "t", "u", 1.0, fitted(report))))
