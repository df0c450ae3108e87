"""Sums of floor divisions by even numbers, told in few terms.

For every integer ``b`` there is ``x // 2b + (x + b) // 2b == x // b`` (Hermite's identity), so one sum has many forms. It is
written over the first halves alone, ``x // 2b`` with a constant below ``b``, which nothing relates: that form is unique. From
it, and so for equal sums alike, the second halves are put back that make it shorter::

    2 * (H // 4) - 2 * (H // 8)  ->  2 * ((H + 4) // 8)            H // 4 rounded up to an even number
    H - H // 2 - (H + 1) // 4    ->  (H + 3) // 4

Of the halves of ``x`` itself, a sum holds the one that is not subtracted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcore.platform.expressions import Atom, Monomial

#: Most symbols and operations in the divisions of a sum that is looked at, and the largest divisor: no honest network comes
#: near, and a hostile file cannot take much time with long chains of halves.
MAX_WEIGHT = 128
MAX_DIVISOR = 4096


@dataclass(frozen=True, slots=True)
class Halves:
    """``first`` and ``second`` add up to ``whole``; the constant inside ``first`` is the smaller."""

    first: Atom
    second: Atom
    whole: Mapping[Monomial, int]

    @property
    def divisor(self) -> int:
        """By which both halves divide."""
        divisor = self.first.arguments[1]
        assert isinstance(divisor, int)
        return divisor


HalvesOf = Callable[["Atom"], "Halves | None"]


def joined(terms: dict[Monomial, int], halves_of: HalvesOf) -> dict[Monomial, int]:
    """``terms`` (coefficients by monomial, none of them zero) in the form that all equal sums have.

    Only divisions that stand alone are looked at, not those in products.
    """
    divisions = [monomial for monomial in terms if _is_division(monomial)]
    if not divisions or sum(atom.weight for (atom,) in divisions) > MAX_WEIGHT:
        return terms
    if len(divisions) == 1 and (divisions[0][0].arguments[1] != 2 or terms[divisions[0]] > 0):
        return terms
    return _Sum(terms, halves_of).told()


def _is_division(monomial: Monomial) -> bool:
    return len(monomial) == 1 and monomial[0].op == "//"


class _Sum:
    """Terms while they are rewritten."""

    def __init__(self, terms: Mapping[Monomial, int], halves_of: HalvesOf) -> None:
        self._halves_of = halves_of
        self._known: dict[Atom, Halves | None] = {}
        self._terms = self._over_first_halves(terms)

    def told(self) -> dict[Monomial, int]:
        """The shortest form, the heaviest divisions first and of equal ones the finest: what one makes, later ones take up."""
        queue = list(map(self._ranked, filter(_is_division, self._terms)))
        heapify(queue)
        done = set()
        while queue:
            *_, atom = heappop(queue)
            halves = self._halves(atom)
            if halves is None or atom != halves.first or atom in done or (atom,) not in self._terms:
                continue
            done.add(atom)
            for monomial in self._second_instead(halves):
                if _is_division(monomial):
                    heappush(queue, self._ranked(monomial))
        return self._terms

    def _second_instead(self, halves: Halves) -> Iterable[Monomial]:
        """Put the second half in the place of the first where that is better; gives the monomials that this changed."""
        coefficient = self._terms[(halves.first,)]
        if halves.divisor == 2 and coefficient > 0:
            return ()
        changes = {m: coefficient * c for m, c in self._over_first_halves(halves.whole).items()}
        changes |= {(halves.first,): -coefficient, (halves.second,): -coefficient}
        changed = {m: self._terms.get(m, 0) + change for m, change in changes.items()}
        if halves.divisor > 2 and _length(changed) >= _length({m: self._terms.get(m, 0) for m in changes}):
            return ()
        self._terms = {m: c for m, c in {**self._terms, **changed}.items() if c}
        return changed

    def _over_first_halves(self, terms: Mapping[Monomial, int]) -> dict[Monomial, int]:
        found = dict(terms)
        pending = list(terms)
        while pending:
            monomial = pending.pop()
            halves = self._halves(monomial[0]) if _is_division(monomial) else None
            if halves is None or monomial[0] != halves.second or not (coefficient := found.pop(monomial, 0)):
                continue
            for changed, change in ((halves.first,), -1), *halves.whole.items():
                found[changed] = found.get(changed, 0) + coefficient * change
                pending.append(changed)
        return {m: c for m, c in found.items() if c}

    def _halves(self, atom: Atom) -> Halves | None:
        if atom not in self._known:
            divisor = atom.arguments[1]
            self._known[atom] = self._halves_of(atom) if isinstance(divisor, int) and divisor <= MAX_DIVISOR else None
        return self._known[atom]

    def _ranked(self, monomial: Monomial) -> tuple[int, int, str, Atom]:
        (atom,) = monomial
        inner, divisor = atom.arguments
        weight = 0 if isinstance(inner, int) else inner.weight - (() in inner.terms)
        return -weight, -divisor if isinstance(divisor, int) else 0, str(atom), atom


def _length(terms: Mapping[Monomial, int]) -> tuple[int, int, int]:
    """Number of divisions in a sum, of times that one is added or subtracted, and of other terms."""
    coefficients = [abs(c) for m, c in terms.items() if c and _is_division(m)]
    others = sum(1 for m, c in terms.items() if c and m) - len(coefficients)
    return len(coefficients), sum(coefficients), others
