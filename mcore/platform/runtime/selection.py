"""Which operation computes a group: the planned forms, and the plain kernel for all that has none."""

from __future__ import annotations

from collections.abc import Callable

from mcore.platform.dtypes import DType
from mcore.platform.runtime.binding import Binding, BoundNode
from mcore.platform.runtime.folding import has_statistics
from mcore.platform.runtime.forms import RESHAPES
from mcore.platform.runtime.fusion import HEADS, Group
from mcore.platform.runtime.layout import IMAGE_OPS, is_on_columns
from mcore.platform.runtime.operation import Context, Operation
from mcore.platform.runtime.operations.attention import Attention, is_planned_attention
from mcore.platform.runtime.operations.copying import Copy
from mcore.platform.runtime.operations.elementwise import BINARY, Affine, Binary, Unary
from mcore.platform.runtime.operations.linear import Linear, LinearOnColumns, MatrixProduct
from mcore.platform.runtime.operations.moving import Join, Pad, Roll, is_planned_pad
from mcore.platform.runtime.operations.normalization import GroupNorm, LayerNorm
from mcore.platform.runtime.operations.plain import Plain
from mcore.platform.runtime.operations.pool import AdaptiveAverage, WindowPool
from mcore.platform.runtime.operations.reduction import Reduction, is_planned_reduction
from mcore.platform.runtime.operations.resize import Resize
from mcore.platform.runtime.operations.softmax import LogSoftmax, Normalize, Softmax
from mcore.platform.runtime.operations.transposed import TransposedConvolution
from mcore.platform.runtime.pointwise import pointwise
from mcore.platform.runtime.strategies import convolution

#: Heads whose operands after the first must be known when the program is planned.
_WEIGHTED = frozenset({"conv2d", "conv_transpose2d", "linear", "batch_norm"})

#: Operations along one dimension of a value without gaps.
_ALONG: dict[str, type[Softmax | LogSoftmax | Normalize]] = {
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
    "normalize": Normalize,
}


def heads(binding: Binding) -> frozenset[int]:
    """Positions of the nodes that have a planned form in which stages may follow."""
    return frozenset(i for i, node in enumerate(binding.nodes) if node.op in HEADS and is_planned(node, binding))


def is_planned(node: BoundNode, binding: Binding | Context) -> bool:
    """Whether a head has a planned form: in float32, with constant weights, not empty, without an injected kernel."""
    kinds = [binding.types[name] for name in (*node.operands, *node.outputs)]
    if node.kernel is not None or any(kind.dtype is not DType.FLOAT32 or 0 in kind.shape for kind in kinds):
        return False
    if node.op in _WEIGHTED:
        x, *weights = node.operands
        if x in binding.constants or not all(name in binding.constants for name in weights):
            return False
    if node.op == "batch_norm" and not has_statistics(node):
        return False
    if node.op == "conv_transpose2d":
        return bool(node.attributes["groups"] == 1)
    if node.op == "batch_norm":
        return len(kinds[0].shape) == 4
    if node.op in BINARY:
        return len(node.operands) == 2 and not node.attributes.get("rounding_mode")
    return True


def operation(group: Group, context: Context) -> Operation:
    """The operation for a group."""
    node = group.head
    kinds = [context.types[name] for name in (*node.operands, *node.outputs)]
    if node.kernel is not None or not kinds or any(0 in kind.shape for kind in kinds):
        return Plain(node)
    if node.op == "scaled_dot_product_attention" and is_planned_attention(node, context):
        return Attention(node, context)
    if any(kind.dtype is not kinds[0].dtype for kind in kinds):
        return Plain(node)
    if (moving := _moving(node, context)) is not None:
        return moving
    if kinds[0].dtype is not DType.FLOAT32:
        return Plain(node)
    if node.op in HEADS and is_planned(node, context):
        return _head(group, context)
    if (function := pointwise(node)) is not None and kinds[0] == kinds[-1]:
        return Unary(group, function, context)
    if node.op == "matmul" and all(len(kind.shape) > 1 for kind in kinds):
        return MatrixProduct(node)
    if (made := _planned(node, context)) is not None:
        return made
    if node.op in IMAGE_OPS and len(kinds[0].shape) == 4 and node.operands[0] not in context.constants:
        return _image(node, context)
    return Plain(node)


def _moving(node: BoundNode, context: Context) -> Operation | None:
    """The operation for an op that moves values as they are, of any element type."""
    if node.op in ("cat", "stack"):
        return Join(node, context)
    if node.op in RESHAPES:
        return Copy(node)
    if node.op == "pad" and is_planned_pad(node):
        return Pad(node, context)
    if node.op == "roll" and node.attributes["dims"]:
        return Roll(node)
    return None


def _planned(node: BoundNode, context: Context) -> Operation | None:
    """The operation for an op of float32 values that nothing can be fused with, if it has a planned form."""
    forms, (x, *others) = context.forms, node.operands
    is_constant = all(name in context.constants for name in others)
    if node.op == "layer_norm" and is_constant:
        return LayerNorm(node, context)
    if node.op in ("group_norm", "instance_norm") and is_constant and len(context.shape(x)) == 4:
        return GroupNorm(node, context) if node.attributes.get("use_input_stats", True) else None
    if (
        node.op in _ALONG
        and context.shape(x)
        and forms.dense_order(x) == forms.dense_order(node.outputs[0]) is not None
    ):
        if node.op == "normalize" and node.attributes["p"] != 2:
            return None
        return _ALONG[node.op](node, context)
    if node.op in ("mean", "sum", "amax", "amin") and is_planned_reduction(node, context):
        return Reduction(node, context)
    return None


def _head(group: Group, context: Context) -> Operation:
    op = group.head.op
    if op in BINARY:
        return Binary(group, context)
    if op == "conv2d":
        return convolution(group, context)
    if op == "linear" and is_on_columns(group.head, context.forms):
        return LinearOnColumns(group, context)
    makers: dict[str, Callable[[Group, Context], Operation]] = {
        "conv_transpose2d": TransposedConvolution,
        "linear": Linear,
        "batch_norm": Affine,
    }
    return makers[op](group, context)


def _image(node: BoundNode, context: Context) -> Operation:
    if node.op in ("max_pool2d", "avg_pool2d"):
        return WindowPool(node, context)
    if node.op == "adaptive_avg_pool2d":
        return AdaptiveAverage(node, context)
    return Resize(node, context) if node.op == "interpolate" else Plain(node)
