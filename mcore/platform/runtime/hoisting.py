"""Functions of one element moved before the views of what they read, to where they can be fused with what makes it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from mcore.platform.dtypes import DType
from mcore.platform.runtime.binding import Binding, BoundNode
from mcore.platform.runtime.forms import RESHAPES
from mcore.platform.runtime.pointwise import pointwise

#: Views of all elements, each once.
_WHOLE = RESHAPES | {"permute", "transpose"}


def hoisted(binding: Binding) -> Binding:
    """``f(view(x))`` as ``view(f(x))``, where nothing else reads ``x`` or the view, through as many views as there are."""
    types = dict(binding.types)
    uses = Counter(name for node in binding.nodes for name in node.operands)
    uses.update(binding.outputs.values())
    nodes: list[BoundNode] = []
    made_at: dict[str, int] = {}
    for node in binding.nodes:
        position = len(nodes)
        nodes.append(node)
        made_at.update(dict.fromkeys(node.outputs, position))
        while pointwise(node) is not None and (before := made_at.get(node.operands[0])) is not None:
            view = nodes[before]
            (name,), source = node.outputs, view.operands[0]
            is_movable = view.op in _WHOLE and view.kernel is None and types[name] == types[view.outputs[0]]
            is_float = types[name].dtype is DType.FLOAT32
            if not (is_movable and is_float) or uses[view.outputs[0]] > 1 or uses[source] > 1 or source not in made_at:
                break
            inner = f"{name} before {view.op}"
            types[inner], uses[inner] = types[source], 1
            node = replace(node, inputs=(source,), outputs=(inner,))
            nodes[before], nodes[position] = node, replace(view, inputs=(inner,), outputs=(name,))
            made_at[inner], made_at[name], position = before, position, before
    return replace(binding, nodes=tuple(nodes), types=types)
