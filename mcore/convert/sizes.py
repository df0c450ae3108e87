"""What the sizes of a network's inputs tell of its size symbols."""

from __future__ import annotations

from collections.abc import Mapping

from mcore.convert.errors import CaptureRefused
from mcore.platform.dims import Expr, scaled_symbol, substitute, symbol
from mcore.platform.graph import Symbol, TensorType
from mcore.sampling import Sampling

#: Largest batch, height and width that a graph is declared for.
MAXIMUM = 4096


def input_types(sampling: Sampling, numbers: Mapping[str, int] | None = None) -> dict[str, TensorType]:
    """Symbolic types of the inputs.

    H and W count steps of the legal sizes (``multiple_of`` pixels), so that what divides them in the network divides without a
    rest; where the network is made for one size they are numbers, and so are the symbols in ``numbers`` (sizes in pixels).

    Raises:
        CaptureRefused: a symbol cannot be told from the shapes of the inputs.
    """
    sizes: dict[str, int | Expr] = {name: symbol(name) * sampling.multiple_of for name in ("H", "W")}
    if sampling.fixed and len(set(sampling.sizes)) == 1:
        ((sizes["H"], sizes["W"]),) = set(sampling.sizes)
    sizes |= numbers or {}
    types = {i.name: TensorType(i.dtype, tuple(substitute(d, sizes) for d in i.shape)) for i in sampling.inputs}
    shapes = [size for kind in types.values() for size in kind.shape]
    used = {name for size in shapes if isinstance(size, Expr) for name in size.symbols()}
    told = {found[0] for size in shapes if (found := scaled_symbol(size))}
    if loose := sorted(used - told):
        raise CaptureRefused(f"the sampling has no input with {loose[0]} itself, or a multiple of it, as a dimension")
    return types


def size_symbols(sampling: Sampling) -> dict[str, Symbol]:
    """N, H and W with their legal ranges."""
    unit = sampling.multiple_of
    sides = {name: Symbol(name, -(-sampling.minimum // unit), MAXIMUM // unit) for name in ("H", "W")}
    return {"N": Symbol("N", 1, MAXIMUM), **sides}
