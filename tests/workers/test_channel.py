"""The channel: what the child tells is what the parent hears, in any slices; nonsense is called so."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.channel import Finished, Heard, Judged, Message, Opened, Reached, Teller
from workers.codec import MAX_BYTES, MAX_TEXT, encode
from workers.outcome import Cause, Outcome
from workers.report import AttemptReport, CaseReport, Stage, TensorError

CASE = CaseReport("8x8", Outcome.MISMATCH, "größer\nals erlaubt", (TensorError("out", 1.0, 0.5, -3.0, 0.1, 1.0, -0.5),))
REPORT = AttemptReport(Outcome.PASS, Cause.UNKNOWN, "", Stage.DONE, "b", "n", {"driver": "numpy"}, (CASE,), load_ms=1.5)
STORY: list[Message] = [
    Reached(Stage.FETCH),
    Opened("identity", ("8x8", "9x9"), {"driver": "numpy"}),
    Reached(Stage.RUN, "8x8"),
    Judged(CASE),
    Reached(Stage.RUN, "9x9"),
    Finished(REPORT),
]


def told(*messages: Message) -> bytes:
    """The bytes that a teller writes for ``messages``."""
    read_end, write_end = os.pipe()
    teller = Teller(write_end)
    for message in messages:
        teller(message)
    os.close(write_end)
    data = b"".join(iter(lambda: os.read(read_end, 1 << 16), b""))
    os.close(read_end)
    return data


@given(st.lists(st.integers(1, 200), max_size=60))
def test_what_is_told_is_heard_in_any_slices(sizes: list[int]) -> None:
    data, heard = told(*STORY), Heard()
    for size in sizes:
        heard.feed(data[:size])
        data = data[size:]
    heard.feed(data)
    assert (heard.bundle, heard.samples, heard.stack) == ("identity", ("8x8", "9x9"), {"driver": "numpy"})
    assert (heard.stage, heard.sample) == (Stage.RUN, "9x9")
    assert heard.cases == [CASE]
    assert heard.report == REPORT
    assert heard.nonsense == ""


@pytest.mark.parametrize("count", range(len(STORY)))
def test_a_story_that_breaks_off_is_heard_to_the_last_whole_line(count: int) -> None:
    whole = told(*STORY[:count]) if count else b""
    half = told(STORY[count])[:-1]
    heard = Heard()
    heard.feed(whole + half)
    assert heard.report is None
    assert not heard.complete
    assert heard.cases == ([CASE] if count > 3 else [])
    assert heard.stage is (Stage.FETCH if count < 3 else Stage.RUN)


def test_it_is_complete_with_the_report() -> None:
    heard = Heard()
    heard.feed(told(*STORY[:-1]))
    assert not heard.complete
    heard.feed(told(STORY[-1]))
    assert heard.complete


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"",
        b'{"type": "finished"}',
        b'{"type": "finished", "report": {"outcome": "PASS"}}',
        b'{"type": "reached", "stage": "lunch"}',
        b'{"type": "gossip"}',
        b'{"type": "judged", "case": {"sample": "8x8", "outcome": "FINE"}}',
        b'{"type": "judged", "case": {"sample": "8x8", "outcome": "PASS", "latency_ms": NaN}}',
        b"[" * 50_000,
    ],
)
def test_nonsense_is_called_so_and_nothing_after_it_is_believed(line: bytes) -> None:
    heard = Heard()
    heard.feed(line + b"\n" + told(*STORY))
    assert heard.nonsense
    assert "\n" not in heard.nonsense
    assert heard.report is None
    assert heard.complete
    heard.feed(told(*STORY))
    assert heard.report is None


def test_a_line_without_end_is_not_kept() -> None:
    heard = Heard()
    for _ in range(6):
        heard.feed(b"x" * (MAX_BYTES // 4))
    assert "line of more than" in heard.nonsense


@pytest.mark.parametrize(
    "messages",
    [
        [Judged(CASE), Judged(CASE)],
        [Judged(CaseReport("8x8", Outcome.PASS, "x" * (MAX_TEXT + 1)))],
        [Finished(AttemptReport(Outcome.PASS, Cause.UNKNOWN, "x" * (MAX_TEXT + 1), Stage.DONE, "b", "n"))],
    ],
)
def test_what_types_let_through_is_bounded_all_the_same(messages: list[Message]) -> None:
    heard = Heard()
    heard.feed(b"".join(encode(message) + b"\n" for message in messages))
    assert heard.nonsense.startswith("AttemptReport:")
    assert heard.report is None


def test_a_long_message_goes_through_a_narrow_pipe() -> None:
    many = tuple(CaseReport(f"{i}x{i}", Outcome.PASS, "y" * 1000) for i in range(500))
    report = AttemptReport(Outcome.PASS, Cause.UNKNOWN, "", Stage.DONE, "b", "n", cases=many)
    read_end, write_end = os.pipe()
    if (pid := os.fork()) == 0:
        os.close(read_end)
        Teller(write_end)(Finished(report))
        os._exit(0)
    os.close(write_end)
    heard = Heard()
    while data := os.read(read_end, 1 << 16):
        heard.feed(data)
    os.close(read_end)
    assert os.waitpid(pid, 0)[1] == 0
    assert heard.report == report


def test_what_the_child_starts_does_not_hold_its_end() -> None:
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    Teller(write_end)
    inheritable = os.get_inheritable(write_end)
    os.close(read_end)
    os.close(write_end)
    assert not inheritable
