"""Tables, cells and gates for the tests of the gate."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from farm.gating.judgement import Gate, Place, judge
from farm.states.cell import Cell, Layer, Resolution
from farm.states.verdict import Provenance, Verdict
from farm.table.table import Change, Row, Table
from workers.outcome import Outcome

DATE = datetime(2026, 3, 1, tzinfo=UTC)
BASE, COMMIT = "b" * 40, "c" * 40
OWN, STALE, NEVER = Provenance.OBSERVED, Provenance.STALE, Provenance.NEVER
WORKS, PARTLY, FAILS, LACKS = Verdict.SUPPORTED, Verdict.PARTIAL, Verdict.FAILED, Verdict.UNSUPPORTED
FLAKY, NONE, MISSING = Verdict.FLAKY, Verdict.NO_VERDICT, Verdict.MISSING


def cell(verdict: Verdict, provenance: Provenance = OWN, outcome: Outcome | None = None, *, state: str = "") -> Cell:
    return Cell("numpy", verdict, provenance, outcome, "device stack" if outcome else None, state=state)


GOOD = cell(WORKS, outcome=Outcome.PASS)
BAD = cell(FAILS, outcome=Outcome.MISMATCH)
ABSENT = cell(MISSING, NEVER)


def row(name: str, cells: dict[str, Cell], *, selected: bool = True, kind: str = "network") -> Row:
    return Row(name, kind, {}, (), Change(COMMIT, DATE), selected, "", cells)


def table(commit: str, *rows: Row) -> Table:
    devices = tuple(dict.fromkeys(device for each in rows for device in each.cells))
    return Table(commit, devices, rows)


def gate(before: Cell | None, after: Cell, excused: dict[Place, str] | None = None) -> Gate:
    """Of one network on one device; ``before`` is ``None`` where the base is recorded without that network."""
    old = table(BASE, *([row("net", {"numpy": before})] if before else []))
    return judge(old, table(COMMIT, row("net", {"numpy": after})), BASE, (), excused or {})


def unbased(after: Cell) -> Gate:
    """The same against a base of which nothing is recorded."""
    return judge(None, table(COMMIT, row("net", {"numpy": after})), BASE, ())


#: Whatever a host may say: XML and Markdown have no way to write some of it.
TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
#: Names come of source files, which have no half characters.
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
RESOLUTIONS = st.builds(
    Resolution,
    st.sampled_from(["224x224", "97x129"]),
    st.sampled_from(Outcome),
    st.none(),
    st.none(),
    st.none(),
    st.none() | st.floats(0.1, 10),
    TEXTS,
)
CELLS = st.builds(
    Cell,
    st.sampled_from(["numpy", "exact"]),
    st.sampled_from(Verdict),
    st.sampled_from([Provenance.OBSERVED, Provenance.INHERITED, Provenance.STALE, Provenance.NEVER]),
    st.none() | st.sampled_from(Outcome),
    st.none() | st.sampled_from(["device stack", "model code"]),
    TEXTS,
    st.lists(RESOLUTIONS, max_size=1).map(tuple),
    st.lists(TEXTS, max_size=1).map(tuple),
    st.none() | st.builds(Layer, TEXTS, TEXTS, TEXTS, st.floats(0, 1), st.none() | st.booleans()),
    state=st.sampled_from(["", "queued", "running", "quarantined", "cancelled", "conversion queued"]),
    unit=TEXTS,
    attempt=st.none() | TEXTS,
    changed=st.lists(TEXTS, max_size=1).map(tuple),
)


@st.composite
def gates(draw: st.DrawFn) -> Gate:
    """Whole gates, of up to three networks on two devices, with a base or without, and known issues."""
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    devices = ("numpy", "exact")

    def rows() -> list[Row]:
        return [
            row(name, {device: draw(CELLS) for device in devices}, selected=draw(st.booleans()))
            for name in draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        ]

    before = Table(BASE, devices, tuple(rows())) if draw(st.booleans()) else None
    places = st.tuples(st.just("network"), st.sampled_from(names), st.sampled_from(devices))
    excused = draw(st.dictionaries(places, TEXTS, max_size=2))
    changed = [("network", name) for name in names if draw(st.booleans())]
    return judge(before, Table(COMMIT, devices, tuple(rows())), BASE, changed, excused)
