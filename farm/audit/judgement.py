"""What an audit says of each architecture, and of the selection as a whole; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Judged:
    """One architecture of an audit.

    Args:
        key: of the architecture.
        selected: the selection wanted it converted.
        before: what conversion came to before: a bundle's identity, or the outcome of a refusal; empty where nothing is known.
        after: likewise at the audited commit.
        note: why the two are not compared, where they are not.
    """

    key: str
    selected: bool
    before: str
    after: str
    note: str = ""

    @property
    def changed(self) -> bool | None:
        """Whether conversion came to something else; ``None`` where that is not known."""
        if self.note or not self.before or not self.after:
            return None
        return self.before != self.after

    @property
    def missed(self) -> bool:
        """It changed, and was not selected."""
        return self.changed is True and not self.selected


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts over the architectures of which it is known whether they changed.

    Args:
        judged: all of them.
        changed: whose bundle is another one.
        selected: that the selection wanted.
        hits: that were both.
    """

    judged: int
    changed: int
    selected: int
    hits: int

    @property
    def recall(self) -> float | None:
        """Share of the changed that were selected; below 1 something was missed. ``None`` where nothing changed."""
        return self.hits / self.changed if self.changed else None

    @property
    def precision(self) -> float | None:
        """Share of the selected that changed. ``None`` where nothing was selected."""
        return self.hits / self.selected if self.selected else None


def figures(rows: Iterable[Judged]) -> Figures:
    """The figures of an audit."""
    known = [row for row in rows if row.changed is not None]
    changed = [row for row in known if row.changed]
    selected = [row for row in known if row.selected]
    return Figures(len(known), len(changed), len(selected), sum(row.selected for row in changed))
