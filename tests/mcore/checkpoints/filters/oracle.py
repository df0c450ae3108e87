"""Filters drawn at random, checkpoints to ask for, and what a filter means: evaluated by Python alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from mcore.checkpoints import Checkpoint, CheckpointStore, Code, Optimiser, Timing
from mcore.checkpoints.filters.fields import FIELDS, Kind
from mcore.checkpoints.filters.nodes import And, Compare, Expr, Has, IsNull, Literal, Name, Not, OneOf, Or, Order, Query
from mcore.checkpoints.record import Group
from tests.mcore.checkpoints.conftest import put

TEXTS = ("", "net", "Net", "it's", 'say "x"', "segmentation", "RGB", "RGB+mask", "é", "a%b_c", "null", "and", "e" * 200)
NUMBERS = (-1.0, 0.0, 0.5, 0.7, 1.0, 3.0, 1e-9, 1e300)
METRICS = ("miou", "acc.top-1", "a=b", "is")
PARAMETERS = ("width", "norm", "flag")
MEMBERS = {
    "parts": ("backbone", "head", "neck"),
    "channels": ("RGB", "mask"),
    "tags": ("prod", "x.y"),
    "classes": ("cat",),
}
DATES = ("2020-01-01", "2100-01-01T00:00:00+02:00")


def literals(kind: Kind) -> st.SearchStrategy[Literal]:
    values: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.TEXT: st.sampled_from(TEXTS) | st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=8),
        Kind.NUMBER: st.sampled_from(NUMBERS) | st.floats(allow_nan=False, allow_infinity=False),
        Kind.BOOLEAN: st.booleans(),
        Kind.DATE: st.sampled_from(DATES),
    }
    # A space that is no plain one cannot be printed, and is refused before it is read.
    return values[kind].filter(lambda v: not isinstance(v, str) or all(c.isprintable() for c in v)).map(Literal)


@st.composite
def comparisons(draw: st.DrawFn) -> Expr:
    metrics = draw(st.booleans())
    if metrics and draw(st.booleans()):
        name, kind = Name("metrics", draw(st.sampled_from(METRICS))), Kind.NUMBER
    elif metrics:
        name, kind = (
            Name("parameters", draw(st.sampled_from(PARAMETERS))),
            draw(st.sampled_from((Kind.TEXT, Kind.NUMBER))),
        )
    else:
        field = draw(st.sampled_from(sorted(FIELDS)))
        name, kind = Name(field), FIELDS[field]
    if draw(st.integers(0, 5)) == 0:
        return IsNull(name)
    if kind is Kind.LIST:
        return Has(name, Literal(draw(st.sampled_from((*MEMBERS[name.first], "nosuch")))))
    operators = {
        Kind.TEXT: ("=", "!=", "<", "<=", ">", ">=", "contains"),
        Kind.NUMBER: ("=", "!=", "<", "<=", ">", ">="),
        Kind.BOOLEAN: ("=", "!="),
        Kind.DATE: ("<", "<=", ">", ">="),
    }
    if draw(st.integers(0, 5)) == 0:
        return OneOf(name, tuple(draw(st.lists(literals(kind), min_size=1, max_size=3))))
    return Compare(name, draw(st.sampled_from(operators[kind])), draw(literals(kind)))


def _joined(kind: type, inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    def flat(items: list[Expr]) -> Expr:
        return kind(tuple(x for item in items for x in (item.items if isinstance(item, kind) else (item,))))

    return st.lists(inner, min_size=2, max_size=3).map(flat)


EXPRESSIONS: st.SearchStrategy[Expr] = st.recursive(
    comparisons(), lambda inner: _joined(And, inner) | _joined(Or, inner) | inner.map(Not), max_leaves=6
)
ORDERED = st.sampled_from(
    [Name(f) for f, k in sorted(FIELDS.items()) if k is not Kind.LIST] + [Name("metrics", "miou")]
)
QUERIES = st.builds(
    Query,
    st.none() | EXPRESSIONS,
    st.lists(st.builds(Order, ORDERED, st.booleans()), max_size=2).map(tuple),
    st.none() | st.integers(0, 20),
)


def fill(store: CheckpointStore) -> list[Checkpoint]:
    """Checkpoints that have everything, nothing, and some of it."""
    full: dict[str, Any] = {
        "metrics": {"miou": 0.7, "acc.top-1": 1.0, "a=b": -1.0, "is": 0.0},
        "constructor": {"target": "models.networks:net", "parameters": {"width": 3, "norm": "net", "flag": True}},
        "variant": {},
        "code": Code(commit="abc", dirty=True),
        "parts_of": {"backbone": "net", "head": "it's"},
        "loss": "a%b_c",
        "metrics_of": "val",
        "resolution": (3, 1),
        "channels": ("RGB", "mask"),
        "in_channels": 3,
        "optimiser": Optimiser(name="SGD", groups=(Group(lr=0.5, weight_decay=1e-9), Group(lr=0.7))),
        "timing": Timing(device="cpu", batch_size=1, resolution=(3, 1), forward_ms=0.5),
        "dataset": 'say "x"',
        "precision": "é",
        "epoch": 3,
        "step": 0,
        "tags": ("prod", "x.y"),
        "classes": ("cat",),
        "run": "null",
        "source": "e" * 200,
        "max_lr": 1e300,
        "batch_size": 1,
    }
    saved = [put(store, 0, network="Net", **full), put(store, 1), put(store, 2, kind="backbone", task="")]
    saved += [
        put(store, n, **{key: value for i, (key, value) in enumerate(full.items()) if (i + n) % 3 == 0}, state=b"s")
        for n in range(3, 6)
    ]
    saved.append(put(store, 7, metrics={"miou": 0.5}, channels=("RGB",), code=Code(commit="net", dirty=False)))
    return saved


def found(query: Query, checkpoints: list[Checkpoint], rows: dict[str, Any]) -> list[str]:
    """Ids that ``query`` finds; ``rows`` are the plain fields of each checkpoint."""
    chosen = [c for c in checkpoints if query.where is None or holds(query.where, c, rows[c.id])]
    chosen.sort(key=lambda c: (c.created, c.id), reverse=True)
    for order in reversed(query.order):
        have = [c for c in chosen if value(order.name, c, rows[c.id], Kind.NUMBER) is not None]
        have.sort(key=lambda c: value(order.name, c, rows[c.id], Kind.NUMBER), reverse=order.descending)
        chosen = have + [c for c in chosen if c not in have]
    return [c.id for c in chosen][: query.limit]


def holds(expr: Expr, c: Checkpoint, row: Any) -> bool:
    match expr:
        case And(items):
            return all(holds(item, c, row) for item in items)
        case Or(items):
            return any(holds(item, c, row) for item in items)
        case Not(item):
            return not holds(item, c, row)
        case Has(name, literal):
            return literal.value in members(name, c)
        case OneOf(name, literals):
            return any(holds(Compare(name, "=", literal), c, row) for literal in literals)
        case IsNull(name):
            if FIELDS.get(name.first) is Kind.LIST:
                return not members(name, c)
            kinds = (Kind.TEXT, Kind.NUMBER)
            return all(value(name, c, row, kind) in (None, "") for kind in kinds)
        case Compare(name, operator, literal):
            return compared(name, operator, literal.value, c, row)
    raise AssertionError(expr)


def members(name: Name, c: Checkpoint) -> tuple[str, ...]:
    given: tuple[str, ...] = c.parts if name.first == "parts" else getattr(c.metadata, name.first)
    return given


def value(name: Name, c: Checkpoint, row: Any, kind: Kind) -> Any:
    if name.first == "metrics":
        return c.metadata.metrics.get(name.second or "")
    if name.first == "parameters":
        given = (c.metadata.constructor or {"parameters": {}})["parameters"].get(name.second)
        given = str(given).lower() if isinstance(given, bool) else given
        return given if isinstance(given, str) == (kind is Kind.TEXT) else None
    return getattr(row, name.first)


def compared(name: Name, operator: str, wanted: Any, c: Checkpoint, row: Any) -> bool:
    kind = Kind.TEXT if isinstance(wanted, str) else Kind.NUMBER
    own = value(name, c, row, kind)
    if own is None:
        return False
    if isinstance(own, datetime):
        date = datetime.fromisoformat(wanted)
        wanted = date if date.tzinfo else date.replace(tzinfo=UTC)
    if operator == "contains":
        return wanted in own
    return bool(
        {"=": own == wanted, "!=": own != wanted}[operator]
        if operator in ("=", "!=")
        else {"<": own < wanted, "<=": own <= wanted, ">": own > wanted, ">=": own >= wanted}[operator]
    )
