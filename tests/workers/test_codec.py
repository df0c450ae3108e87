"""Requests and reports on the wire: round trips, and bytes of unknown origin."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.policies import FP32
from workers import codec
from workers.codec import CodecError, check_report, decode, decode_request, encode, one_line
from workers.outcome import Cause, Outcome
from workers.policy import Policy
from workers.report import AttemptReport, CaseReport, LayerError, Stage, TensorError
from workers.request import AttemptRequest, Limits

REQUEST = AttemptRequest(
    bundle_folder="/cache/ab",
    bundle="a" * 64,
    driver="numpy",
    profile={"faults": [{"name": "wrong_kernel", "op": "conv2d"}]},
    policy=FP32,
    limits=Limits(time_s=60.0, memory_bytes=1 << 30),
    nonce="n0",
)
REPORT = AttemptReport(Outcome.PASS, Cause.UNKNOWN, "", Stage.DONE, bundle="b" * 64, nonce="n0")


def decode_report(data: bytes) -> AttemptReport:
    """As whoever takes reports does."""
    report = decode(data, AttemptReport)
    check_report(report)
    return report


text = st.text(max_size=40)
finite = st.floats(allow_nan=False, allow_infinity=False)
tensors = st.builds(TensorError, text, finite, finite, finite, finite, finite, finite)
layers = st.builds(LayerError, text, text, text, finite, st.none() | st.booleans(), text)
case_values = st.builds(
    CaseReport,
    text,
    st.sampled_from(list(Outcome)),
    text,
    st.lists(tensors, max_size=3).map(tuple),
    st.none() | finite,
    st.none() | layers,
)
reports = st.builds(
    AttemptReport,
    outcome=st.sampled_from(list(Outcome)),
    cause=st.sampled_from(list(Cause)),
    message=text,
    stage=st.sampled_from(list(Stage)),
    bundle=text,
    nonce=text,
    stack=st.dictionaries(text, text, max_size=3),
    cases=st.lists(case_values, max_size=3, unique_by=lambda case: case.sample).map(tuple),
    unsupported=st.lists(text, max_size=3).map(tuple),
    load_ms=st.none() | finite,
    peak_memory_bytes=st.none() | st.integers(0, 1 << 50),
    signal=st.none() | st.integers(1, 64),
    log=text,
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | finite | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


def requests() -> st.SearchStrategy[AttemptRequest]:
    numbers = [finite] * 4
    return st.builds(
        AttemptRequest,
        text,
        text,
        text,
        st.dictionaries(text, plain, max_size=3),
        st.builds(Policy, text, st.integers(0, 99), text, *numbers, finite),
        st.builds(
            Limits, st.floats(min_value=0, exclude_min=True, allow_infinity=False), st.integers(1, (1 << 63) - 1)
        ),
        text,
    )


class TestRoundTrips:
    @given(reports)
    def test_of_reports(self, report: AttemptReport) -> None:
        assert decode_report(encode(report)) == report

    @given(requests())
    def test_of_requests(self, request: AttemptRequest) -> None:
        assert decode_request(encode(request)) == request

    @given(reports)
    def test_a_value_is_one_line(self, report: AttemptReport) -> None:
        assert b"\n" not in encode(report)


def document(value: Any, **changes: Any) -> bytes:
    return json.dumps({**json.loads(encode(value)), **changes}).encode()


class TestHostileBytes:
    @given(st.binary(max_size=200))
    def test_anything_else_is_refused_in_one_line(self, data: bytes) -> None:
        for read in (decode_report, decode_request):
            with pytest.raises(CodecError) as raised:
                read(data)
            assert "\n" not in str(raised.value)

    @given(plain)
    def test_json_of_another_form_is_refused(self, value: Any) -> None:
        for read in (decode_report, decode_request):
            with pytest.raises(CodecError):
                read(json.dumps(value).encode())

    @given(st.integers(0, 10_000), st.integers(0, 255))
    def test_a_damaged_report_is_refused_or_well_formed(self, at: int, byte: int) -> None:
        data = bytearray(encode(REPORT))
        data[at % len(data)] = byte
        try:
            report = decode_report(bytes(data))
        except CodecError:
            return
        assert isinstance(report.outcome, Outcome)

    @given(st.integers(0, 10_000))
    def test_a_cut_off_report_is_refused(self, at: int) -> None:
        data = encode(REPORT)
        with pytest.raises(CodecError):
            decode_report(data[: at % len(data)])

    @pytest.mark.parametrize("opening", [b"[", b'{"stack":', b'{"profile":'])
    def test_nesting_beyond_all_bounds_is_refused(self, opening: bytes) -> None:
        for read in (decode_report, decode_request):
            with pytest.raises(CodecError):
                read(opening * 100_000)

    def test_more_bytes_than_allowed_are_not_parsed(self) -> None:
        with pytest.raises(CodecError, match="Limits has 30 bytes, the limit is 29"):
            decode(b" " * 30, Limits, limit=29)

    @pytest.mark.parametrize(
        ("changes", "place"),
        [
            ({"outcome": "GOOD"}, "outcome"),
            ({"outcome": None}, "outcome"),
            ({"cause": "the moon"}, "cause"),
            ({"stage": "lunch"}, "stage"),
            ({"cases": [{}]}, "cases"),
            ({"cases": [{"sample": "a", "outcome": "PASS", "tensors": [{"output": "out"}]}]}, "tensors"),
            ({"signal": "SIGSEGV"}, "signal"),
            ({"stack": {"torch": 2}}, "stack"),
        ],
    )
    def test_a_wrong_field_of_a_report_is_named(self, changes: dict[str, Any], place: str) -> None:
        with pytest.raises(CodecError, match=place):
            decode_report(document(REPORT, **changes))

    @pytest.mark.parametrize("name", ["outcome", "cause", "message", "stage", "bundle", "nonce"])
    def test_a_missing_field_of_a_report_is_named(self, name: str) -> None:
        fields = json.loads(encode(REPORT))
        del fields[name]
        with pytest.raises(CodecError, match=name):
            decode_report(json.dumps(fields).encode())

    @pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e999", b"null"])
    def test_figures_are_finite_numbers(self, number: bytes) -> None:
        data = encode(TensorError("out", 1.5, 0.0, 0.0, 0.0, 0.0, 0.0)).replace(b"1.5", number)
        with pytest.raises(CodecError):
            decode(data, TensorError)

    @pytest.mark.parametrize("limits", [(0.0, 1), (-1.0, 1), (1.0, 0), (1.0, -5)])
    def test_limits_are_positive(self, limits: tuple[float, int]) -> None:
        with pytest.raises(CodecError, match="must be positive"):
            decode_request(encode(replace(REQUEST, limits=Limits(*limits))))


class TestBounds:
    @pytest.mark.parametrize(
        "changes",
        [
            {"message": "m" * (codec.MAX_TEXT + 1)},
            {"bundle": "m" * (codec.MAX_TEXT + 1)},
            {"nonce": "m" * (codec.MAX_TEXT + 1)},
            {"log": "m" * (codec.MAX_LOG + 1)},
            {"unsupported": ("op",) * (codec.MAX_CASES + 1)},
            {"cases": tuple(CaseReport(str(i), Outcome.PASS) for i in range(codec.MAX_CASES + 1))},
            {"cases": (CaseReport("a", Outcome.PASS, "m" * (codec.MAX_TEXT + 1)),)},
            {"cases": (CaseReport("m" * (codec.MAX_TEXT + 1), Outcome.PASS),)},
            {"cases": (CaseReport("a", Outcome.PASS), CaseReport("a", Outcome.MISMATCH))},
            {"cases": (CaseReport("a", Outcome.PASS, "", (TensorError("o", *[0.0] * 6),) * (codec.MAX_TENSORS + 1)),)},
        ],
    )
    def test_a_report_is_bounded(self, changes: dict[str, Any]) -> None:
        with pytest.raises(CodecError, match=r"^AttemptReport: "):
            check_report(replace(REPORT, **changes))

    def test_a_report_at_its_bounds_is_taken(self) -> None:
        cases = tuple(CaseReport(str(i), Outcome.PASS) for i in range(codec.MAX_CASES))
        check_report(replace(REPORT, message="m" * codec.MAX_TEXT, log="m" * codec.MAX_LOG, cases=cases))


def test_a_figure_that_json_lacks_would_be_lost_so_readers_refuse_it() -> None:
    with pytest.raises(CodecError, match="error"):
        decode(encode(LayerError("v0", "conv2d", "stem", math.nan)), LayerError)


class TestTexts:
    @given(st.text(), st.integers(1, 40))
    def test_what_a_library_says_is_one_line_of_the_same_words(self, text: str, limit: int) -> None:
        assert one_line(text).split() == text.split()
        assert len(one_line(text).splitlines()) <= 1
        assert one_line(text, limit) == one_line(text)[:limit]

    def test_an_error_is_its_text(self) -> None:
        assert one_line(ValueError("no\n  such op")) == "no such op"
