"""Functions of tensors on the Platform: one for each op of the registry, and torch's other names and forms of them.

Every function takes arguments as torch's of that name does. The same objects are the methods of Tensor; importing this
module puts them there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mcore.platform.ops as _ops
from mcore.platform.eager import (
    activation,
    algebra,
    composed,
    convolution,
    creation,
    pooling,
    positions,
    products,
    reductions,
    shapes,
    training,
)
from mcore.platform.eager.calling import function_of
from mcore.platform.eager.methods import attach
from mcore.platform.ops import registry

#: Functions that overwrite their input if asked to.
_IN_PLACE = (
    *("celu", "elu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "mish", "relu", "relu6", "selu", "silu"),
    "threshold",
)

#: Parameters that torch's functions have after those of the op, with the values that the Platform takes.
_EXTRA: Mapping[str, Mapping[str, Any]] = {
    **{name: {"inplace": False} for name in _IN_PLACE},
    "argsort": {"stable": False},
    "embedding": {
        "padding_idx": None,
        "max_norm": None,
        "norm_type": 2.0,
        "scale_grad_by_freq": False,
        "sparse": False,
    },
    "normalize": {"out": None},
    "sort": {"stable": False},
}

#: Of these, parameters that any value may be given for: they are about gradients, or ask for what is so anyway.
_IGNORED: Mapping[str, frozenset[str]] = {
    "argsort": frozenset({"stable"}),
    "embedding": frozenset({"padding_idx", "norm_type", "scale_grad_by_freq", "sparse"}),
    "sort": frozenset({"stable"}),
}

#: Torch's names of parameters, where the op has others.
_RENAMED: Mapping[str, Mapping[str, str]] = {"pow": {"other": "exponent"}, "split": {"x": "tensor"}}

#: Torch's other names.
_ALIASES = {
    "absolute": "abs",
    "arctan2": "atan2",
    "clip": "clamp",
    "concat": "cat",
    "divide": "div",
    "multiply": "mul",
    "negative": "neg",
    "subtract": "sub",
    "split_with_sizes": "split",
    "swapaxes": "transpose",
    "true_divide": "div",
    "view": "reshape",
}

#: Functions that are more than their op.
_OTHERS: Mapping[str, Callable[..., Any]] = {
    function.__name__: function
    for module in (
        *(
            activation,
            algebra,
            composed,
            convolution,
            creation,
            pooling,
            positions,
            products,
            reductions,
            shapes,
            training,
        ),
    )
    for function in module.FUNCTIONS
}


def _functions() -> dict[str, Callable[..., Any]]:
    generated = {
        op.name: function_of(op, _RENAMED.get(op.name), _EXTRA.get(op.name), _IGNORED.get(op.name, frozenset()))
        for op in registry.ops()
    }
    found = {**generated, **_OTHERS}
    return {**found, **{alias: found[name] for alias, name in _ALIASES.items()}}


FUNCTIONS = _functions()
attach(FUNCTIONS)
globals().update(FUNCTIONS)
__all__ = [*FUNCTIONS, "FUNCTIONS"]


def __getattr__(name: str) -> Any:
    raise AttributeError(f"the Platform has no function {name!r}: {_ops.__name__} declares what it has")
