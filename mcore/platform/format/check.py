"""Whether a graph is well formed; every refusal names the place in ``graph.json``."""

from __future__ import annotations

from collections.abc import Iterable

from mcore.platform import dims, ops  # noqa: F401  (importing ops fills the registry)
from mcore.platform.dims import MAX_VALUE, Expr, scaled_symbol
from mcore.platform.errors import FormatError, GraphError
from mcore.platform.format import limits
from mcore.platform.format.typed import is_name
from mcore.platform.graph import WEIGHT_PREFIX, Graph, Node, Symbol, TensorType, is_weight
from mcore.platform.ops import registry

RELATIONS = ("==", "!=", "<", "<=", ">", ">=")
_FILE = "graph.json"


def place(index: int, node: Node) -> str:
    """How errors name a node: ``nodes[3] (conv2d, layer1.0.conv1)``."""
    op, module = (text if text.isprintable() else ascii(text) for text in (node.op, node.module or "root"))
    return f"nodes[{index}] ({op}, {module})"


def check_graph(graph: Graph) -> None:
    """Raise :class:`FormatError` unless ``graph`` is well formed.

    Ops are known and their attributes fit; values are defined before they are used, once each; weights are declared; the type
    of each output is what the op's own rule says; symbols are declared and follow from the shapes of the inputs.
    """
    if len(graph.nodes) > limits.NODES:
        _refuse(f"{len(graph.nodes)} nodes, the limit is {limits.NODES}", "nodes")
    _check_symbols(graph)
    _check_names(graph)
    for index, node in enumerate(graph.nodes):
        _check_types(graph, index, node)
    for name, value in graph.outputs.items():
        if graph.type_of(value) is None:
            _refuse(f"output {name!r} is {value!r}, which nothing defines", "outputs")
    if not graph.outputs:
        _refuse("a graph without outputs", "outputs")


def _check_symbols(graph: Graph) -> None:
    for name, symbol in graph.symbols.items():
        if name != symbol.name or not name.isidentifier() or not is_name(name):
            _refuse(f"{name!r} is not the name of a symbol", "symbols")
        if not _is_range(symbol):
            _refuse(f"symbol {name!r} has an impossible range", "symbols")
    told = [scaled_symbol(size) for kind in graph.inputs.values() for size in kind.shape]
    if loose := graph.symbols.keys() - {found[0] for found in told if found}:
        _refuse(f"symbol {min(loose)!r} does not follow from the shape of any input", "symbols")
    for name, kind in graph.inputs.items():
        _check_shape(graph, kind, f"inputs ({name})")
    for name, kind in graph.weights.items():
        _check_shape(graph, kind, f"weights ({name})")
        if any(isinstance(size, Expr) for size in kind.shape):
            _refuse("the shape of a weight is in numbers", f"weights ({name})")
    for index, guard in enumerate(graph.guards):
        if guard.relation not in RELATIONS:
            _refuse(f"relation {guard.relation!r} is none of {' '.join(RELATIONS)}", f"guards[{index}]")
        _check_sizes(graph, (guard.left, guard.right), f"guards[{index}]")
        if len(guard.source) > limits.TEXT or not guard.source.isprintable():
            _refuse("source is not a printable line", f"guards[{index}]")


def _check_names(graph: Graph) -> None:
    """Names are names; each value is defined once, and before it is used."""
    defined: set[str] = set()
    for name in graph.inputs:
        _check_definition(name, defined, "inputs")
    for index, node in enumerate(graph.nodes):
        where = place(index, node)
        for used in node.inputs:
            if used is not None and used not in defined and not _is_declared(graph, used):
                later = not is_weight(used) and used in graph.types
                _refuse(f"input {used!r} is {'defined only later' if later else 'not defined'}", where)
        for name in node.outputs:
            _check_definition(name, defined, where)
        if not node.outputs:
            _refuse("a node without outputs", where)
        if max(len(node.module), len(node.source)) > limits.TEXT or not (node.module + node.source).isprintable():
            _refuse("module or source is not a printable line", where)
    if stray := defined ^ graph.types.keys():
        _refuse(f"types and values differ: {min(stray)!r}", "nodes")
    for name in graph.inputs:
        if graph.types[name] != graph.inputs[name]:
            _refuse(f"input {name!r} has two types", "inputs")
    for name in graph.outputs:
        if not is_name(name):
            _refuse(f"{name[:80]!r} is not a name", "outputs")
    for name in graph.weights:
        if not is_name(name) or is_weight(name):
            _refuse(f"{name[:80]!r} is not the name of a weight", "weights")


def _check_types(graph: Graph, index: int, node: Node) -> None:
    where = place(index, node)
    for name in node.outputs:
        _check_shape(graph, graph.types[name], where)
    try:
        found = registry.get(node.op).types(
            [None if name is None else graph.type_of(name) for name in node.inputs], node.attributes
        )
    except GraphError as error:
        raise FormatError(str(error), where=f"{_FILE}: {where}") from None
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # A rule is written for attributes that make sense; what it makes of others is the file's fault.
        raise FormatError(f"the inputs and attributes do not fit ({error})", where=f"{_FILE}: {where}") from None
    if len(found) != len(node.outputs):
        _refuse(f"{len(node.outputs)} outputs, the op has {len(found)}", where)
    for name, kind in zip(node.outputs, found, strict=True):
        if graph.types[name] != kind:
            _refuse(f"output {name!r} is declared {_show(graph.types[name])}, the op makes {_show(kind)}", where)


def _is_range(symbol: Symbol) -> bool:
    values = (symbol.minimum, symbol.maximum, symbol.multiple_of)
    return all(isinstance(v, int) and 1 <= v <= MAX_VALUE for v in values) and symbol.minimum <= symbol.maximum


def _check_shape(graph: Graph, kind: TensorType, where: str) -> None:
    if len(kind.shape) > limits.RANK:
        _refuse(f"rank {len(kind.shape)}, the limit is {limits.RANK}", where)
    _check_sizes(graph, kind.shape, where)
    elements = 1
    for size in kind.shape:
        if isinstance(size, int) and size < 0:
            _refuse(f"a shape with size {size}", where)
        elements *= size if isinstance(size, int) else 1
    if elements > limits.ELEMENTS:
        _refuse(f"more than {limits.ELEMENTS} elements", where)


def _check_sizes(graph: Graph, sizes: Iterable[int | Expr], where: str) -> None:
    for size in sizes:
        if isinstance(size, Expr) and (unknown := size.symbols() - graph.symbols.keys()):
            _refuse(f"size {size} has an undeclared symbol {min(unknown)!r}", where)


def _check_definition(name: str, defined: set[str], where: str) -> None:
    if not is_name(name) or is_weight(name):
        _refuse(f"{name[:80]!r} is not the name of a value", where)
    if name in defined:
        _refuse(f"value {name!r} is defined twice", where)
    defined.add(name)


def _is_declared(graph: Graph, name: str) -> bool:
    return is_weight(name) and name.removeprefix(WEIGHT_PREFIX) in graph.weights


def _show(kind: TensorType) -> str:
    return f"{kind.dtype.value}[{', '.join(map(str, kind.shape))}]"


def _refuse(what: str, where: str) -> None:
    raise FormatError(what, where=f"{_FILE}: {where}")
