"""What a graph's metadata keep of the model that it was made from: all that a rebuilt module needs beside the nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcore.platform.aliases import aliases
from mcore.platform.dims import Expr, from_json, to_json
from mcore.platform.errors import FormatError
from mcore.platform.graph import Graph

_PLACE = "graph.json: metadata"


@dataclass(frozen=True, slots=True)
class Origins:
    """Origin of weights and outputs, and the legal sizes.

    Args:
        form: of the result, with output names for its tensors (see :func:`~mcore.convert.arguments.unflatten`).
        aliases: further names of shared weights.
        buffers: weights that are persistent buffers.
        constants: weights that are no part of the model's state.
        unit: pixels that the symbols H and W count by.
        fixed: no other sizes than the samples' are legal.
        shapes: of the inputs, over N, H and W in pixels, where some of these are numbers in the graph.
    """

    form: Any
    aliases: Mapping[str, str]
    buffers: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    unit: int = 1
    fixed: bool = False
    shapes: Mapping[str, tuple[int | Expr, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As metadata of a graph: without what is empty or as usual."""
        said = {
            "aliases": dict(sorted(self.aliases.items())),
            "buffers": list(self.buffers),
            "constants": list(self.constants),
            "fixed": self.fixed,
            "shapes": {name: [to_json(size) for size in shape] for name, shape in self.shapes.items()},
            "unit": self.unit if self.unit > 1 else 0,
        }
        return {"result": self.form, **{key: value for key, value in said.items() if value}}

    @classmethod
    def of(cls, graph: Graph) -> Origins:
        """Read what :meth:`to_json` wrote into the metadata of ``graph``; raises :class:`FormatError`."""
        said = graph.metadata
        form = said.get("result", {"dict": [[name, name] for name in graph.outputs]})
        if sorted(_names(form)) != sorted(graph.outputs):
            raise FormatError("the form of the result does not name each output once", where=f"{_PLACE}.result")
        unit = said.get("unit", 1)
        if type(unit) is not int or unit < 1:
            raise FormatError(f"{unit!r} is not a number of pixels", where=f"{_PLACE}.unit")
        kinds = {key: _weights(graph, key) for key in ("buffers", "constants")}
        return cls(
            form, aliases(graph), **kinds, unit=unit, fixed=said.get("fixed", False) is True, shapes=_shapes(graph)
        )


def _weights(graph: Graph, key: str) -> tuple[str, ...]:
    names = graph.metadata.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name in graph.weights for name in names):
        raise FormatError("a list of names of weights was expected", where=f"{_PLACE}.{key}")
    return tuple(names)


def _shapes(graph: Graph) -> dict[str, tuple[int | Expr, ...]]:
    shapes = graph.metadata.get("shapes", {})
    if not isinstance(shapes, Mapping) or (shapes and shapes.keys() != graph.inputs.keys()):
        raise FormatError("shapes of other inputs than the graph's", where=f"{_PLACE}.shapes")
    if not all(isinstance(s, list) and len(s) == len(graph.inputs[n].shape) for n, s in shapes.items()):
        raise FormatError("a shape that has not its input's rank", where=f"{_PLACE}.shapes")
    try:
        # In the graph's order: JSON has none of its own.
        return {name: tuple(map(from_json, shapes[name])) for name in graph.inputs if name in shapes}
    except ValueError as error:
        raise FormatError(str(error), where=f"{_PLACE}.shapes") from None


def _names(form: Any) -> list[str]:
    """Output names in a form, in order."""
    if form is None:
        return []
    if isinstance(form, str):
        return [form]
    match form:
        case {"list": list(items)} | {"tuple": list(items)}:
            return [name for item in items for name in _names(item)]
        case {"dict": list(pairs)} if all(isinstance(p, list) and len(p) == 2 and isinstance(p[0], str) for p in pairs):
            return [name for _, item in pairs for name in _names(item)]
    raise FormatError("not the form of a result", where=f"{_PLACE}.result")
