"""The algebra of symbolic sizes: polynomials over symbols and floor divisions, with integer coefficients, in a normal form.

Equal sizes that models reach by different roads (``(H - 1) // 2 + 1``, ``-(-H // 2)`` and ``(H + 1) // 2``) have one form:

- what a division by an integer takes from a coefficient evenly leaves the division; of the rest (coefficients within half the
  divisor) and its mirror image ``-((-x + b - 1) // b)``, the one with the simpler result stays inside, and common factors are
  cancelled;
- a division of a division by integers is one;
- of ``x // 2`` and ``(x + 1) // 2``, which add up to ``x``, a sum holds one, and not with a minus; of ``x // 2b``,
  ``(x + b) // 2b`` and their sum ``x // b`` it holds those that make it shortest (:mod:`mcore.platform.halves`).

Expressions do not change, so they know their hash and text, and results of arithmetic with small ones are remembered: a graph
calculates with the same few sizes at each of its nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, update_wrapper
from math import gcd

from mcore.platform import halves

#: Most symbols and operations in one expression, and most terms that one multiplication may make: no honest network comes near,
#: and a hostile file cannot take time or memory without end.
MAX_WEIGHT = 4096


#: Weight up to which results of arithmetic are remembered, and how many of each function: some ten MB if all are that heavy.
LIGHT = 32
REMEMBERED = 2048

#: Most characters of a text that is kept.
_KEPT_TEXT = 1024


class Atom:
    """A symbol (``op == ""``) or an irreducible operation (``//``, ``min``, ``max``) on sizes; immutable.

    ``weight`` counts the symbols and operations in it.
    """

    __slots__ = ("_hash", "_text", "arguments", "name", "op", "weight")

    def __init__(self, name: str, op: str = "", arguments: tuple[int | Expr, ...] = ()) -> None:
        self.name, self.op, self.arguments = name, op, arguments
        self.weight: int = 1 + sum(a.weight for a in arguments if isinstance(a, Expr))
        self._hash = hash((name, op, arguments))
        self._text = "" if op else name

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Atom)
            and self._hash == other._hash
            and (self.name, self.op, self.arguments) == (other.name, other.op, other.arguments)
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Atom({self})"

    def __str__(self) -> str:
        if self._text:
            return self._text
        if self.op == "//":
            text = f"({self.arguments[0]}) // {_bracketed(self.arguments[1])}"
        else:
            text = f"{self.op}({', '.join(map(str, self.arguments))})"
        if len(text) <= _KEPT_TEXT:
            self._text = text
        return text


Monomial = tuple[Atom, ...]


class Expr:
    """An immutable polynomial over atoms with integer coefficients; never constant (a constant is an ``int``)."""

    __slots__ = ("_hash", "_terms", "_text", "weight")

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        kept = [(m, c) for m, c in terms.items() if c]
        self.weight: int = sum(1 + sum(atom.weight for atom in monomial) for monomial, _ in kept)
        if self.weight > MAX_WEIGHT:
            raise ValueError("a size expression is too large")
        if len(kept) > 1:
            kept.sort(key=lambda term: (-len(term[0]), tuple(map(str, term[0]))))
        self._terms: tuple[tuple[Monomial, int], ...] = tuple(kept)
        self._hash = hash(self._terms)
        self._text = ""

    @property
    def terms(self) -> dict[Monomial, int]:
        """Coefficient by monomial; the empty monomial is the constant term."""
        return dict(self._terms)

    def symbols(self) -> frozenset[str]:
        """Names of the symbols in it."""
        found: set[str] = set()
        for monomial, _ in self._terms:
            for atom in monomial:
                if atom.op:
                    found.update(*(a.symbols() for a in atom.arguments if isinstance(a, Expr)))
                else:
                    found.add(atom.name)
        return frozenset(found)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Expr) and self._hash == other._hash and self._terms == other._terms

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Expr({self})"

    def __str__(self) -> str:
        if self._text:
            return self._text
        parts = []
        for monomial, coefficient in self._terms:
            factors = [str(a) if not a.op or a.op in ("min", "max") else f"({a})" for a in monomial]
            if coefficient != 1 or not factors:
                factors.insert(0, str(coefficient))
            parts.append("*".join(factors))
        text = " + ".join(parts).replace("+ -", "- ")
        if len(text) <= _KEPT_TEXT:
            self._text = text
        return text

    def __add__(self, other: int | Expr) -> int | Expr:
        return add(self, other)

    __radd__ = __add__

    def __neg__(self) -> int | Expr:
        return multiply(self, -1)

    def __sub__(self, other: int | Expr) -> int | Expr:
        return add(self, multiply(other, -1))

    def __rsub__(self, other: int | Expr) -> int | Expr:
        return add(other, multiply(self, -1))

    def __mul__(self, other: int | Expr) -> int | Expr:
        return multiply(self, other)

    __rmul__ = __mul__

    def __floordiv__(self, other: int | Expr) -> int | Expr:
        return floordiv(self, other)

    def __rfloordiv__(self, other: int | Expr) -> int | Expr:
        return floordiv(other, self)

    def __mod__(self, other: int | Expr) -> int | Expr:
        return modulo(self, other)

    def __rmod__(self, other: int | Expr) -> int | Expr:
        return modulo(other, self)


@lru_cache(REMEMBERED)
def symbol(name: str) -> Expr:
    """The size named ``name``."""
    if not name.isidentifier():
        raise ValueError(f"a size symbol is an identifier, not {name!r}")
    return Expr({(Atom(name),): 1})


Binary = Callable[["int | Expr", "int | Expr"], "int | Expr"]


def remembered(function: Binary) -> Binary:
    """``function`` of two sizes, which remembers its last results where both are light."""
    known = lru_cache(REMEMBERED)(function)

    def call(a: int | Expr, b: int | Expr) -> int | Expr:
        return known(a, b) if _is_light(a, b) else function(a, b)

    return update_wrapper(call, function)


def _is_light(a: int | Expr, b: int | Expr) -> bool:
    """Whether a result for these is worth remembering: light sizes, and no kinds of ``int`` that tell who compares them."""
    kinds = {type(a), type(b)}
    return Expr in kinds and kinds <= {int, Expr} and all(isinstance(x, int) or x.weight <= LIGHT for x in (a, b))


@remembered
def add(a: int | Expr, b: int | Expr) -> int | Expr:
    terms = terms_of(a)
    for monomial, coefficient in terms_of(b).items():
        terms[monomial] = terms.get(monomial, 0) + coefficient
    return _reduced(terms)


@remembered
def multiply(a: int | Expr, b: int | Expr) -> int | Expr:
    terms: dict[Monomial, int] = {}
    first, second = terms_of(a), terms_of(b)
    if len(first) * len(second) > MAX_WEIGHT:
        raise ValueError("a size expression is too large")
    for left, x in first.items():
        for right, y in second.items():
            monomial = tuple(sorted(left + right, key=str)) if left and right else left or right
            terms[monomial] = terms.get(monomial, 0) + x * y
    return _reduced(terms)


@remembered
def subtract(a: int | Expr, b: int | Expr) -> int | Expr:
    return add(a, multiply(b, -1))


@remembered
def floordiv(a: int | Expr, b: int | Expr) -> int | Expr:
    """``a // b``, rounded towards minus infinity; raises ``ZeroDivisionError`` when ``b`` is 0."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if isinstance(b, Expr):
        exact = _exact_quotient(a, b)
        return Expr({(Atom("", "//", (a, b)),): 1}) if exact is None else exact
    if b == 0:
        raise ZeroDivisionError("size expression divided by zero")
    if b < 0:
        return floordiv(multiply(a, -1), -b)
    quotient, rest = _split(a, b)
    if isinstance(rest, int):
        return quotient
    outside, mirrored = _split(subtract(b - 1, rest), b)
    straight = add(quotient, _proper(rest, b))
    if isinstance(mirrored, int):
        return straight
    reflected = subtract(subtract(quotient, outside), _proper(mirrored, b))
    forms = (
        (_complexity(straight)[0], _complexity(rest), straight),
        (_complexity(reflected)[0], _complexity(mirrored), reflected),
    )
    return min(forms, key=lambda form: form[:2])[2]


@remembered
def modulo(a: int | Expr, b: int | Expr) -> int | Expr:
    """``a % b`` with the sign of ``b``, as Python has it."""
    return add(a, multiply(multiply(b, floordiv(a, b)), -1))


def ceildiv(a: int | Expr, b: int | Expr) -> int | Expr:
    """``a / b`` rounded towards plus infinity."""
    return multiply(floordiv(multiply(a, -1), b), -1)


def terms_of(dim: int | Expr) -> dict[Monomial, int]:
    """Coefficient by monomial, of a number too."""
    return {(): int(dim)} if isinstance(dim, int) else dim.terms


def _split(a: int | Expr, b: int) -> tuple[int | Expr, int | Expr]:
    """``(q, r)`` with ``a == b * q + r``: coefficients of ``r`` in ``-b / 2 < c <= b / 2``, its constant in ``0 <= c < b``."""
    outside: dict[Monomial, int] = {}
    inside: dict[Monomial, int] = {}
    for monomial, coefficient in terms_of(a).items():
        shift = (b - 1) // 2 if monomial else 0
        quotient, rest = divmod(coefficient + shift, b)
        outside[monomial], inside[monomial] = quotient, rest - shift
    if not any(outside.values()):
        return 0, a
    further, rest_of_all = _split(_reduced(inside), b)  # joined halves may have changed coefficients
    return add(_reduced(outside), further), rest_of_all


def _complexity(size: int | Expr) -> tuple[int, bool]:
    """Number of terms but for the constant, and whether the first is negative."""
    coefficients = [c for monomial, c in size._terms if monomial] if isinstance(size, Expr) else []
    return len(coefficients), any(c < 0 for c in coefficients[:1])


def _proper(rest: Expr, b: int) -> int | Expr:
    """``rest // b`` for what :func:`_split` left."""
    terms = rest.terms
    constant = terms.pop((), 0)
    factor = gcd(b, *terms.values())
    if factor > 1:  # floor((g*y + k) / (g*b)) = floor((y + floor(k / g)) / b)
        inner = {monomial: coefficient // factor for monomial, coefficient in terms.items()}
        return floordiv(_reduced({**inner, (): constant // factor}), b // factor)
    nested = _nested_division(terms)
    if nested is not None:  # floor((floor(x / c) + k) / b) = floor((x + c*k) / (b*c))
        inner_size, divisor = nested
        return floordiv(add(inner_size, divisor * constant), divisor * b)
    return Expr({(Atom("", "//", (rest, b)),): 1})


def _nested_division(terms: Mapping[Monomial, int]) -> tuple[int | Expr, int] | None:
    """``(x, c)`` where ``terms`` are just ``x // c`` with an integer ``c``, else ``None``."""
    if len(terms) != 1:
        return None
    ((monomial, coefficient),) = terms.items()
    if coefficient != 1 or len(monomial) != 1 or monomial[0].op != "//":
        return None
    inner, divisor = monomial[0].arguments
    return (inner, divisor) if isinstance(divisor, int) else None


def _reduced(terms: Mapping[Monomial, int]) -> int | Expr:
    kept = halves.joined({m: c for m, c in terms.items() if c}, _halves)
    if len(kept) > MAX_WEIGHT:
        raise ValueError("a size expression is too large")
    if not kept:
        return 0
    return kept[()] if kept.keys() == {()} else Expr(kept)


def _halves(atom: Atom) -> halves.Halves | None:
    """The two halves of which ``atom`` is one: ``x // 2b`` and ``(x + b) // 2b``.

    ``None`` where their sum ``x // b`` is neither ``x`` nor irreducible, as ``(H - 2*W) // 2`` is not.
    """
    if atom.op != "//" or not isinstance(divisor := atom.arguments[1], int) or divisor % 2:
        return None
    terms, half = terms_of(atom.arguments[0]), divisor // 2
    constant = terms.pop((), 0) % half
    lower, upper = (Expr({**terms, (): c}) for c in (constant, constant + half))
    whole: dict[Monomial, int] = terms
    if half > 1:
        if not all(-half < 2 * coefficient <= half for coefficient in terms.values()):
            return None
        whole = {(Atom("", "//", (lower, half)),): 1}
    return halves.Halves(Atom("", "//", (lower, divisor)), Atom("", "//", (upper, divisor)), whole)


def _exact_quotient(a: int | Expr, b: Expr) -> int | Expr | None:
    """``a / b`` where ``b`` has one term and divides each term of ``a``, else ``None``."""
    if a == b:
        return 1
    if a == 0:
        return 0
    if len(b._terms) != 1:
        return None
    (divisor, factor), *_ = b._terms
    quotient: dict[Monomial, int] = {}
    for monomial, coefficient in terms_of(a).items():
        left = list(monomial)
        for atom in divisor:
            if atom not in left:
                return None
            left.remove(atom)
        if coefficient % factor:
            return None
        quotient[tuple(left)] = coefficient // factor
    return _reduced(quotient)


def _bracketed(dim: int | Expr) -> str:
    return str(dim) if isinstance(dim, int) else f"({dim})"
