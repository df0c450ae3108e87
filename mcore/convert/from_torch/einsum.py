"""``einsum`` as diagonals, permutations, reshapes and matrix products."""

from __future__ import annotations

from string import ascii_letters
from typing import Any

from mcore.convert.from_torch.table import maps
from mcore.convert.recorder import Recorder, Value
from mcore.platform.dims import Expr
from mcore.platform.ops.rules import broadcast


@maps("einsum")
def einsum(recorder: Recorder, equation: str, *operands: Any) -> Value:
    values = list(operands[0]) if len(operands) == 1 and isinstance(operands[0], list | tuple) else list(operands)
    terms, result = _parsed(recorder, equation, values)
    pairs = [_without_repeats(recorder, *pair) for pair in zip(terms, values, strict=True)]
    terms, values = [term for term, _ in pairs], _spread(recorder, pairs)
    left, value = terms[0], values[0]
    for position in range(1, len(values)):
        needed = set(result).union(*terms[position + 1 :])
        left, value = _contracted(recorder, left, value, terms[position], values[position], needed)
    left, value = _summed(recorder, left, value, set(result))
    return _permuted(recorder, value, left, result)


def _parsed(recorder: Recorder, equation: str, values: list[Value]) -> tuple[list[str], str]:
    """Index letters of each operand and of the result; for what an ellipsis stands for, letters that are not used."""
    left, arrow, result = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(values):
        recorder.refuse(f"einsum {equation!r} is for {len(terms)} tensors, not {len(values)}")
    unused = [c for c in ascii_letters if c not in equation]
    hidden = [value.rank - len(term.replace("...", "")) for term, value in zip(terms, values, strict=True)]
    rest = "".join(unused[: max((n for n, t in zip(hidden, terms, strict=True) if "..." in t), default=0)])
    if not arrow:
        letters = left.replace("...", "").replace(",", "")
        result = rest + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    terms = [term.replace("...", rest[len(rest) - n :]) for term, n in zip(terms, hidden, strict=True)]
    for term, value in zip(terms, values, strict=True):
        if len(term) != value.rank:
            recorder.refuse(f"einsum {equation!r} has {len(term)} letters for a tensor of {value.rank} dimensions")
    return terms, result.replace("...", rest)


def _without_repeats(recorder: Recorder, term: str, value: Value) -> tuple[str, Value]:
    """An operand that has each letter once: the diagonal over the dimensions of one that it has twice."""
    while repeated := next((c for c in term if term.count(c) > 1), None):
        first = term.index(repeated)
        second = term.index(repeated, first + 1)
        value = recorder.emit("diagonal", [value], dim1=first, dim2=second)
        term = term[:first] + term[first + 1 : second] + term[second + 1 :] + repeated
    return term, value


def _spread(recorder: Recorder, pairs: list[tuple[str, Value]]) -> list[Value]:
    """The operands with the dimensions of size one expanded that others have in full."""
    sizes: dict[str, int | Expr] = {}
    for term, value in pairs:
        for letter, size in zip(term, value.type.shape, strict=True):
            (sizes[letter],) = broadcast((sizes.get(letter, 1),), (size,))
    spread = []
    for term, value in pairs:
        ones = any(size == 1 != sizes[letter] for letter, size in zip(term, value.type.shape, strict=True))
        wanted = tuple(sizes[letter] for letter in term)
        spread.append(recorder.emit("expand", [value], size=wanted) if ones else value)
    return spread


def _summed(recorder: Recorder, term: str, value: Value, needed: set[str]) -> tuple[str, Value]:
    dims = tuple(d for d, letter in enumerate(term) if letter not in needed)
    if not dims:
        return term, value
    return "".join(c for c in term if c in needed), recorder.emit("sum", [value], dim=dims)


def _contracted(recorder: Recorder, left: str, a: Value, right: str, b: Value, needed: set[str]) -> tuple[str, Value]:
    """Two operands as one: a matrix product over the letters that nobody needs any more."""
    left, a = _summed(recorder, left, a, needed | set(right))
    right, b = _summed(recorder, right, b, needed | set(left))
    batch = [c for c in left if c in right and c in needed]
    shared = [c for c in left if c in right and c not in needed]
    own_a, own_b = [c for c in left if c not in right], [c for c in right if c not in left]
    sizes = {**dict(zip(left, a.type.shape, strict=True)), **dict(zip(right, b.type.shape, strict=True))}
    rows = _matrix(recorder, a, left, batch, own_a, shared, sizes)
    columns = _matrix(recorder, b, right, batch, shared, own_b, sizes)
    letters = "".join((*batch, *own_a, *own_b))
    product = recorder.emit("matmul", [rows, columns])
    return letters, _reshaped(recorder, product, tuple(sizes[c] for c in letters))


def _matrix(
    recorder: Recorder,
    value: Value,
    term: str,
    batch: list[str],
    rows: list[str],
    columns: list[str],
    sizes: dict[str, int | Expr],
) -> Value:
    """``value`` as (*batch, rows, columns)."""
    value = _permuted(recorder, value, term, "".join((*batch, *rows, *columns)))
    shape: list[int | Expr] = [sizes[c] for c in batch]
    for letters in (rows, columns):
        count: int | Expr = 1
        for c in letters:
            count = count * sizes[c]
        shape.append(count)
    return _reshaped(recorder, value, tuple(shape))


def _permuted(recorder: Recorder, value: Value, term: str, wanted: str) -> Value:
    order = tuple(term.index(c) for c in wanted)
    return value if order == tuple(range(value.rank)) else recorder.emit("permute", [value], dims=order)


def _reshaped(recorder: Recorder, value: Value, shape: tuple[int | Expr, ...]) -> Value:
    return value if value.type.shape == shape else recorder.emit("reshape", [value], shape=shape)
