"""Indexing of Tensor against torch's, drawn at random and case by case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.eager.tensor import Tensor
from tests.mcore.platform.eager.parity import same

VALUES = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)


def both() -> tuple[Tensor, torch.Tensor]:
    return Tensor(VALUES.copy()), torch.from_numpy(VALUES.copy())


def theirs(index: Any) -> Any:
    """The index with torch tensors for arrays."""
    if isinstance(index, tuple):
        return tuple(theirs(i) for i in index)
    return torch.from_numpy(index) if isinstance(index, np.ndarray) else index


def ours(index: Any) -> Any:
    """The index with tensors for arrays."""
    if isinstance(index, tuple):
        return tuple(ours(i) for i in index)
    return Tensor(index) if isinstance(index, np.ndarray) else index


@st.composite
def indices(draw: st.DrawFn) -> Any:
    """An index that is right for ``VALUES``: for each dimension an int, a slice or an array, some dropped, ``None`` between."""
    parts: list[Any] = []
    for size in VALUES.shape[: draw(st.integers(0, 4))]:
        number = st.integers(-size, size - 1)
        step = st.one_of(st.none(), st.integers(1, 3))
        bound = st.one_of(st.none(), st.integers(-size - 1, size + 1))
        array = st.lists(number, min_size=3, max_size=3).map(np.array)
        parts.append(draw(st.one_of(number, st.builds(slice, bound, bound, step), array)))
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), None)
    if draw(st.booleans()):
        parts.append(...)
    return tuple(parts)


@settings(max_examples=300)
@given(indices())
def test_reading_is_as_in_torch(index: Any) -> None:
    x, y = both()
    same(x[ours(index)], y[theirs(index)])


@settings(max_examples=200)
@given(indices())
def test_writing_is_as_in_torch(index: Any) -> None:
    x, y = both()
    x[ours(index)] = -1.0
    y[theirs(index)] = -1.0
    same(x, y)


MASK = VALUES % 3 == 0

CASES: list[Any] = [
    0,
    -1,
    ...,
    None,
    (..., -1),
    (..., None, 0),
    (0, ..., slice(1, None, 2)),
    slice(None, None, 2),
    slice(5, 9),
    (slice(None), slice(-2, None)),
    [1, 0],
    (slice(None), [2, 0]),
    (0, slice(None), np.array([1, 2])),
    (np.array([1, 0]), slice(None), np.array([3, 3])),
    (slice(None), np.array([[0, 1], [2, 0]])),
    MASK,
    (0, MASK[0]),
    (slice(None), np.array([True, False, True])),
    np.array(1),
    (slice(None), np.array(2), np.array([0, 1])),
    (0, 1, 2, 3),
    np.array([], dtype=np.int64),
]


@pytest.mark.parametrize("index", CASES, ids=[str(i) for i in range(len(CASES))])
def test_reading_by_each_kind_of_index(index: Any) -> None:
    x, y = both()
    same(x[ours(index)], y[theirs(index)])


@pytest.mark.parametrize("index", CASES, ids=[str(i) for i in range(len(CASES))])
def test_writing_by_each_kind_of_index(index: Any) -> None:
    x, y = both()
    shape = y[theirs(index)].shape
    value = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    x[ours(index)] = Tensor(value)
    y[theirs(index)] = torch.from_numpy(value)
    same(x, y)


def test_a_view_shares_memory_and_an_index_array_copies() -> None:
    x, _ = both()
    x[0, 1][...] = 7.0
    x[[0]][...] = 9.0
    assert (x.numpy()[0, 1] == 7.0).all()
    assert not (x.numpy() == 9.0)[1:].any()
    assert x.numpy()[0, 0, 1, 4] == 9.0  # the value it had all along


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (slice(None, None, -1), ValueError, "step of a slice must be positive, not -1: use flip"),
        ((slice(None, None, 0),), ValueError, "not 0"),
        ((0, 0, 0, 0, 0), IndexError, "5 indices for a tensor of 4 dimensions"),
        ((..., 0, ...), IndexError, "one ellipsis"),
        (2, IndexError, "out of bounds"),
        ("a", IndexError, "a str of .* is no index"),
        (1.5, IndexError, "a float of float64 is no index"),
        (np.array([0.5]), IndexError, "ndarray of float64 is no index"),
    ],
)
def test_what_cannot_index_is_said(index: Any, error: type[Exception], message: str) -> None:
    x, _ = both()
    with pytest.raises(error, match=message):
        _ = x[index]
    with pytest.raises(error, match=message):
        x[index] = 0.0
