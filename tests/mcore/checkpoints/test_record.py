"""The metadata file: whatever is written is read back, whatever is not one is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.checkpoints import Checkpoint, CheckpointError, DamagedError, Metadata, StoredTensor
from mcore.checkpoints.record import check, decode, encode, settled, tensor_bytes

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.+=-]{0,8}\Z")
WORDS = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=8)
METADATA = st.builds(
    Metadata,
    metrics=st.dictionaries(NAMES, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    resolution=st.lists(st.integers(1, 4096), max_size=3).map(tuple),
    channels=st.lists(WORDS, max_size=3).map(tuple),
    tags=st.lists(NAMES, max_size=3).map(tuple),
    anchors=st.lists(st.tuples(st.tuples(st.floats(0, 9), st.floats(0, 9))), max_size=2).map(tuple),
    mean_object_size=st.none() | st.tuples(st.floats(0, 9), st.floats(0, 9)),
    dataset=st.text(max_size=20),
    epoch=st.none() | st.integers(0, 10**9),
    notes=st.dictionaries(st.text(max_size=5), JSON, max_size=3),
)


def checkpoint(metadata: Metadata, **changes: Any) -> Checkpoint:
    tensor = StoredTensor(name="w", part="head", dtype="float32", shape=(2, 3), sha256="0" * 64, pack="p", key="w")
    fields: dict[str, Any] = {
        "id": "20260101T000000000-00000000",
        "kind": "network",
        "network": "net",
        "task": "t",
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "tensors": (tensor,),
    }
    return Checkpoint(metadata=metadata, **{**fields, **changes})


@settings(max_examples=60)
@given(METADATA)
def test_what_is_written_is_read_back_and_written_the_same(metadata: Metadata) -> None:
    made = checkpoint(settled(metadata))
    data = encode(made)
    check(data)
    assert decode(data, "x") == made
    assert encode(decode(data, "x")) == data
    assert json.loads(data)["schema"] == "checkpoint/1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(schema="checkpoint/2"), "schema"),
        (lambda d: d.update(kind="head"), "kind"),
        (lambda d: d.update(more=1), "unknown field `more`"),
        (lambda d: d["metadata"].update(metrics={"a b": 1.0}), "metadata.metrics"),
        (lambda d: d["metadata"].update(metrics={"a": "x"}), "metadata.metrics"),
        (lambda d: d["tensors"][0].update(sha256="x"), "tensors"),
        (lambda d: d.pop("id"), "missing required field `id`"),
        (lambda d: d.update(network="../x"), "network"),
    ],
)
def test_a_file_that_is_none_is_told_with_the_place(change: Any, said: str) -> None:
    document = json.loads(encode(checkpoint(Metadata())))
    change(document)
    with pytest.raises(DamagedError, match=r"^file\.json: ") as caught:
        decode(json.dumps(document).encode(), "file.json")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"[" * 5000])
def test_nonsense_is_told(data: bytes) -> None:
    with pytest.raises(DamagedError):
        decode(data, "file.json")
    with pytest.raises(CheckpointError):
        check(data)


def test_sizes_are_of_the_element_types() -> None:
    made = checkpoint(Metadata())
    assert made.size_bytes == 24
    assert made.parts == ("head",)
    sizes = {"bool": 6, "bfloat16": 12, "int64": 48}
    for dtype, size in sizes.items():
        tensor = StoredTensor(name="w", part="p", dtype=dtype, shape=(2, 3), sha256="0" * 64, pack="p", key="w")
        assert tensor_bytes(tensor) == size
