"""What one fault says in different words has one signature, and two faults have two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.regressions.signature import LONGEST, normalised, signature

ONE_FAULT = [
    (
        "output out: max abs error 3.2e-4 over the limit 1e-4 at [0, 12, 3]",
        "output out: max abs error 0.5 over the limit 2e-4 at [1, 7, 33]",
    ),
    ("/tmp/farm-x1/bundles/ab.json: no such file", "/var/lib/farm/b.json: no such file"),
    (
        "layer1.0.conv1: float32 expected, got float16 at 224x224",
        "layer4.2.conv3: float32 expected, got float16 at 97x129",
    ),
    ("unit died by signal 11 at 0x7ffdeadbeef", "unit died by signal 11 at 0x55d0"),
    ("attempt 3f2a9c0d11 lost", "attempt 99ab120cd4 lost"),
    ("needs 512 MiB of 3.5GiB", "needs 1024 MiB of 16GiB"),
    ("took 12.5 s, 300 ms allowed", "took 1 s,   7 ms allowed"),
    ("job 6ba7b810-9dad-11d1-80b4-00c04fd430c8", "job 0e37df36-f698-11e6-8dd4-cb9ced3df976"),
]


@pytest.mark.parametrize(("one", "other"), ONE_FAULT)
def test_numbers_paths_and_ids_do_not_count(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("float32 expected", "float16 expected"),
        ("conv2d is wrong", "conv3d is wrong"),
        ("no such file", "no such op"),
        ("int8 overflow", "int16 overflow"),
    ],
)
def test_words_and_types_do(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_each_part_tells_faults_apart() -> None:
    parts = ("MISMATCH", "unknown", "conv2d(float32[1, 3, 8, 8], stride=2)", "it is off by 3")
    made = signature(*parts)
    assert made.text == "MISMATCH | unknown | conv2d(float32[#, #, #, #], stride=#) | it is off by #"
    assert signature(*parts[:2], "conv2d(float32[4, 3, 9, 9], stride=1)", "it is off by 4") == made
    others = ("CRASH", "device stack", "gelu(float32[1])", "it crashed")
    changed = [signature(*parts[:n], other, *parts[n + 1 :]) for n, other in enumerate(others)]
    assert len({made.key, *(one.key for one in changed)}) == 5


@given(st.text(max_size=2 * LONGEST))
def test_any_message_is_taken_and_normalised_once_for_all(message: str) -> None:
    made = signature("CRASH", "unknown", "", message)
    assert len(made.key) == 16
    assert len(made.text) <= LONGEST
    assert normalised(normalised(message)) == normalised(message)
