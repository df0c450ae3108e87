"""Asking for one commit of a range: the submission that ``farm submit --name`` makes, for one device or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from farm.bisect.reading import Range
from farm.conversion.stored import checkpoints_of
from farm.database.engine import Database
from farm.inventory import Inventory
from farm.planning.last_change import Change, last_changes
from farm.planning.plan import Entry, Plan, SourceReader, make_plan
from farm.regressions.lineage import DEPTH
from farm.source.select import Selection
from farm.submission.record import Submitted, known_changes, record

REASON = "asked for by farm bisect"


@dataclass(frozen=True, slots=True)
class Asker:
    """Enters submissions of single commits of a range.

    Args:
        database: that they are entered in.
        inventory: of the device types.
        reader: of the repository.
        range: that the commits are of.
        device: the device type that results are wanted on.
        toolchain: that conversions are made with.
    """

    database: Database
    inventory: Inventory
    reader: SourceReader
    range: Range
    device: str
    toolchain: Mapping[str, str]
    _changes: dict[str, Mapping[str, Change]] = field(default_factory=dict)

    def ask(self, commit: str, *, run: bool) -> Submitted:
        """Want ``commit`` converted, and with ``run`` a verdict on the device type; what is known is not made again."""
        plan = self._plan(commit)
        return record(
            self.database,
            plan,
            self.inventory,
            self.toolchain,
            self._last_changes(commit, plan),
            checkpoints=checkpoints_of(plan.selected),
            devices=(self.device,) if run else (),
            lineage=self.reader.repository.lineage([commit], DEPTH),
        )

    def made_by(self) -> dict[str, str]:
        """The toolchain of the architecture's bundles: with its trained weights, where it has some."""
        plan = self._plan(self.range.bad)
        return {**self.toolchain, **checkpoints_of(plan.selected).get(self.range.architecture.key, {})}

    def _plan(self, commit: str) -> Plan:
        architecture = self.range.architecture
        plan = make_plan(
            self.reader, self.inventory, changed_since=None, names=(architecture.name,), commit=commit
        )  # fmt: skip
        return replace(plan, entries=tuple(_chosen(entry, architecture.key) for entry in plan.entries))

    def _last_changes(self, commit: str, plan: Plan) -> Mapping[str, Change]:
        """The last change of every architecture: told by the commits of the range where their lines lead through it."""
        line = [commit]
        while line[-1] not in self._changes and (before := self._before(line[-1])) is not None:
            line.append(before)
        start = line[-1]
        if start not in self._changes:
            self._changes[start] = self._looked_up(plan if start == commit else self._plan(start))
        for newer, older in zip(line[-2::-1], line[:0:-1], strict=True):
            self._changes[newer] = self._followed(newer, older)
        return self._changes[commit]

    def _before(self, commit: str) -> str | None:
        """The first parent, where it is in the range."""
        parents = self.range.commits[commit].parents if commit in self.range.commits else ()
        return parents[0] if parents and parents[0] in self.range.code else None

    def _followed(self, newer: str, older: str) -> Mapping[str, Change]:
        was, code, before = self.range.code[older], self.range.code[newer], self._changes[older]
        info = self.range.commits[newer]
        own = Change(info.sha, info.sha, info.subject, info.author_date)
        return {key: before[key] if was.get(key) == digest else own for key, digest in code.items()}

    def _looked_up(self, plan: Plan) -> Mapping[str, Change]:
        with self.database.read() as session:
            known = known_changes(session, plan)
        return last_changes(self.reader, plan, self.reader.packages, known)


def _chosen(entry: Entry, key: str) -> Entry:
    """The entry with the decision on it: what is asked about is selected, also where it is excluded otherwise."""
    own, selection = entry.architecture.key == key, entry.selection
    if own:
        return replace(entry, selection=Selection(selection.architecture, True, REASON))
    if not selection.selected:
        return entry
    return replace(entry, selection=Selection(selection.architecture, False, "other names were asked for"))
