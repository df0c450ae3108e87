"""Attributes of a node in ``graph.json``: those that differ from the op's default, in a form that reads without a registry.

========================  ==========================================================
value                     JSON
========================  ==========================================================
None, bool, str, dtype    itself (``"float32"``)
int, finite float         a number; a float always has a point or an exponent
tuple                     a list
size expression           ``{"dim": ["//", "H", 2]}``, also inside a list
plus, minus infinity      ``{"float": "inf"}``, ``{"float": "-inf"}``
========================  ==========================================================

What a value must be is the op's declaration; :meth:`Attribute.normalise` decides on writing and on reading.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mcore.platform import dims
from mcore.platform.dims import Expr
from mcore.platform.errors import GraphError
from mcore.platform.format.typed import Item
from mcore.platform.ops.registry import REQUIRED, Attribute, Op


def normalised(op: Op, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """All attributes in canonical form; raises ``GraphError`` for whatever a file may hold in their place."""
    try:
        return op.normalise(attributes)
    except OverflowError as error:  # an infinity where an integer belongs
        raise GraphError(f"op {op.name!r}: {error}") from None


def non_default(op: Op, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes in canonical form, without those that equal the default; raises ``GraphError``."""
    values = normalised(op, attributes)
    return {a.name: values[a.name] for a in op.attributes if not _is_default(a, values[a.name])}


def _is_default(attribute: Attribute, value: Any) -> bool:
    # By text, because 1, 1.0 and True are equal, and so are 0.0 and -0.0.
    return attribute.default is not REQUIRED and repr(attribute.normalise(attribute.default)) == repr(value)


def encode(value: Any) -> Any:
    """One canonical attribute value as JSON data; raises ``GraphError`` for NaN and for what is no attribute value."""
    if isinstance(value, Expr):
        return {"dim": dims.to_json(value)}
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            raise GraphError("an attribute that is NaN")
        return {"float": "inf" if value > 0 else "-inf"}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise GraphError(f"an attribute of type {type(value).__name__}")


def decode(item: Item) -> Any:
    """Read what :func:`encode` wrote; raises ``FormatError``."""
    value = item.value
    if isinstance(value, list):
        return item.each(decode)
    if not isinstance(value, dict):
        return item.text() if isinstance(value, str) else value
    fields = item.record((), ("dim", "float"))
    if len(fields) != 1:
        item.refuse('expected {"dim": size} or {"float": "inf" or "-inf"}')
    if "dim" in fields:
        return fields["dim"].size()
    if fields["float"].value not in ("inf", "-inf"):
        fields["float"].refuse('expected "inf" or "-inf"')
    return float(fields["float"].value)
