"""Which rows and device types of the support table a person wants to see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from farm.errors import NotFoundError, UsageError, near
from farm.states.verdict import Verdict
from farm.table.table import KIND_ORDER, Row, Table

VERDICTS = tuple(verdict.value for verdict in Verdict)


@dataclass(frozen=True, slots=True)
class TableFilter:
    """A row is shown that satisfies each of these that is given.

    Args:
        devices: device types to show; what follows is asked of the cells that are shown.
        kinds: the row's is one of them.
        names: patterns with ``*``, ``?`` and ``[...]``, in any case; the architecture's name matches one of them.
        verdicts: in any case; one or more cells have one of them.
        tested: one or more cells have a verdict.

    Raises:
        UsageError: there is no such kind or verdict.
    """

    devices: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    tested: bool = False

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KIND_ORDER:
                raise _unknown("kind", kind, KIND_ORDER)
        for verdict in self.verdicts:
            if verdict.upper() not in VERDICTS:
                raise _unknown("verdict", verdict, VERDICTS)

    def apply(self, table: Table) -> Table:
        """The part of ``table`` that is asked for.

        Raises:
            NotFoundError: a pattern matches no architecture of the table, or it has no such device type.
        """
        for device in self.devices:
            if device not in table.devices:
                raise NotFoundError("device", device, table.devices)
        known = [row.name for row in table.rows]
        for pattern in self.names:
            if not any(_matches(name, pattern) for name in known):
                raise NotFoundError("architecture", pattern, known)
        devices = self.devices or table.devices
        rows = (replace(row, cells={d: row.cells[d] for d in devices}) for row in table.rows)
        return replace(table, devices=tuple(devices), rows=tuple(self._wanted(rows)))

    def _wanted(self, rows: Iterable[Row]) -> Iterator[Row]:
        verdicts = {Verdict(v.upper()) for v in self.verdicts}
        for row in rows:
            said = {cell.verdict for cell in row.cells.values()}
            if (
                (not self.kinds or row.kind in self.kinds)
                and (not self.names or any(_matches(row.name, pattern) for pattern in self.names))
                and (not verdicts or verdicts & said)
                and (not self.tested or said - {Verdict.MISSING})
            ):
                yield row


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name.casefold(), pattern.casefold())


def _unknown(what: str, given: str, known: Sequence[str]) -> UsageError:
    return UsageError(f"no {what} {given!r}{near(given, known)}; {what}s are {', '.join(known)}")
