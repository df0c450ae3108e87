"""Every op has a way from torch and a way to torch; both agree with the op's own kernel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mcore.convert.torch_ops import compute, function
from mcore.platform.dtypes import DType
from mcore.platform.ops import registry
from mcore.sampling import H, Input, N, Sampling
from tests.mcore.convert.from_torch import (
    test_activations,
    test_arithmetic,
    test_creation,
    test_elementwise,
    test_indexing,
    test_layers,
    test_pooling,
    test_positions,
    test_reductions,
    test_resampling,
    test_shapes,
)
from tests.mcore.convert.harness import IMAGE, Apply, check, ops

TABLES = [
    test_activations.SPELLINGS,
    test_arithmetic.WITH_NUMBERS,
    test_arithmetic.UNARY,
    test_arithmetic.LOGIC,
    test_arithmetic.WITH_TENSORS,
    test_creation.FROM_SIZES,
    test_elementwise.UNARY,
    test_elementwise.BINARY,
    test_indexing.READS,
    test_layers.LAYERS,
    test_layers.FUNCTIONS,
    test_pooling.LAYERS,
    test_pooling.FUNCTIONS,
    test_positions.SPELLINGS,
    test_reductions.SPELLINGS,
    test_resampling.SPELLINGS,
    test_shapes.SPELLINGS,
]
#: Modules, and what they take, for ops that stand in none of the tables.
OTHERS = {
    "prelu": (nn.PReLU(4), IMAGE),
    "cast": (Apply(lambda x: x.double()), IMAGE),
    "embedding": (nn.Embedding(4, 3), Sampling((Input("input", (N, H), DType.INT64),), IMAGE.sizes, minimum=5)),
    "scaled_dot_product_attention": (Apply(lambda x: F.scaled_dot_product_attention(x, x, x)), IMAGE),
}


def exercised() -> set[str]:
    """Ops that the tables of the mappings' tests show to come from torch."""
    found: set[str] = set(OTHERS)
    for table in TABLES:
        for wanted, _ in table:
            found.update([wanted] if isinstance(wanted, str) else wanted)
    return found


def test_every_op_comes_from_torch():
    assert exercised() == set(registry.names())


@pytest.mark.parametrize("name", OTHERS)
def test_an_op_that_stands_in_no_table_comes_from_torch_too(name):
    module, sampling = OTHERS[name]
    assert name in ops(check(module, sampling))


@pytest.mark.parametrize("name", registry.names())
def test_every_op_goes_to_torch(name):
    assert callable(function(registry.get(name)))


def test_an_op_that_torch_lacks_is_named(monkeypatch):
    made_up = type(registry.get("tanh"))(
        **{**{f: getattr(registry.get("tanh"), f) for f in registry.get("tanh").__slots__}, "name": "made_up"}
    )
    with pytest.raises(LookupError, match="no function 'made_up'"):
        function(made_up)


X = np.random.default_rng(3).standard_normal((2, 4, 6, 5)).astype(np.float32)
MASK = X > 0.3
INDEX = np.array([2, 0, 3], np.int64)

#: What no test of a mapping reaches: numbers as second operands, defaults, rarely used attributes.
CALLS = [
    ("add", [X], {"other": 2}),
    ("minimum", [X], {"other": 0.25}),
    ("maximum", [X], {"other": 1}),
    ("logical_and", [MASK], {"other": True}),
    ("logical_or", [X], {"other": 0}),
    ("pow", [X], {"other": 2}),
    ("pow", [np.abs(X), X], {}),
    ("rpow", [X], {"other": 2.0}),
    ("rsub", [X], {"other": 1}),
    ("rdiv", [X], {"other": 1}),
    ("div", [X], {"other": 2, "rounding_mode": "floor"}),
    ("clamp", [X], {"max": 0.5}),
    ("where", [MASK], {"x": 1.0, "other": 0.0}),
    ("where", [MASK, X], {"other": 0.0}),
    ("masked_fill", [X, MASK], {"value": -1.0}),
    ("mean", [X], {}),
    ("amax", [X], {}),
    ("amin", [X], {"dim": (1, 2), "keepdim": True}),
    ("argmax", [X], {}),
    ("var", [X], {"dim": (1,), "correction": 0}),
    ("squeeze", [X[:, :1]], {}),
    ("squeeze", [X[:, :1]], {"dim": (1,)}),
    ("roll", [X], {"shifts": (3,)}),
    ("split", [X], {"split_size_or_sections": (3,), "dim": 1}),
    ("split", [X], {"split_size_or_sections": (4,), "dim": 1}),
    ("split", [X], {"split_size_or_sections": (1, 3), "dim": 1}),
    ("slice", [X], {"dim": -1, "start": -4, "end": -1, "step": 2}),
    ("full", [], {"size": (2, 3), "fill_value": 1.5}),
    ("full", [], {"size": (2,), "fill_value": 3, "dtype": DType.FLOAT32}),
    ("arange", [], {"start": 0, "end": 7, "step": 2}),
    *(
        (name, [X], {"other": 2})
        for name in ("remainder", "fmod", "atan2", "hypot", "copysign", "logaddexp", "fmax", "fmin")
    ),
    *((name, [INDEX], {"other": 2}) for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift")),
    ("scatter", [X[0, 0], INDEX[:, None] % 2], {"dim": 1, "src": 2}),
    ("scatter_reduce", [X[0, 0, 0], INDEX, X[0, 0, 0, :3]], {"dim": 0, "reduce": "prod", "include_self": False}),
    ("index", [X, INDEX, INDEX], {"dims": (1, 3)}),
    ("index_put", [X, np.ones((3, 2, 6), np.float32), INDEX, INDEX], {"dims": (1, 3), "accumulate": True}),
    ("slice_scatter", [X, X[:, :2]], {"dim": 1, "start": -2}),
    ("nan_to_num", [np.array([np.nan, np.inf, -np.inf, 1], np.float32)], {"posinf": 2.0}),
    ("prod", [X], {}),
    ("any", [MASK], {"keepdim": True}),
    ("all", [MASK], {"dim": (1, 2)}),
    ("any", [MASK], {}),
    ("median", [X], {"dim": 1}),
    ("argsort", [X], {"dim": 1, "descending": True}),
    ("nms", [np.abs(X[0, 0, :, :4]), X[0, 0, :, 0]], {"iou_threshold": 0.5}),
    ("cast", [X], {"dtype": DType.FLOAT64}),
    ("cat", [X, X], {"dim": 1}),
    ("stack", [X, X], {}),
    ("index_select", [X, INDEX], {"dim": 1}),
    ("topk", [X], {"k": 2}),
    ("sort", [X], {"dim": 1, "descending": True}),
    ("repeat", [X], {"repeats": (1, 2, 1, 1)}),
    ("repeat_interleave", [X], {"repeats": 2}),
    ("interpolate", [X], {"size": (3, 4), "mode": "bilinear", "align_corners": False}),
    ("instance_norm", [X], {}),
    ("batch_norm", [X], {}),
    ("rms_norm", [X], {"normalized_shape": (5,)}),
    ("max_pool2d", [X], {"kernel_size": (2, 2), "return_indices": True}),
    ("adaptive_max_pool2d", [X], {"output_size": (2, 2), "return_indices": True}),
    ("max_unpool1d", [X[0, :, 0], np.array([[0, 2, 4, 6, 8]] * 4)], {"kernel_size": (2,), "output_size": (11,)}),
    ("layer_norm", [X], {"normalized_shape": (5,)}),
    ("conv2d", [X, np.ones((3, 4, 1, 1), np.float32)], {}),
]


@pytest.mark.parametrize(("name", "inputs", "attributes"), CALLS, ids=[f"{c[0]}-{i}" for i, c in enumerate(CALLS)])
def test_torch_computes_what_the_kernel_computes(name, inputs, attributes):
    op = registry.get(name)
    found = compute(op, [torch.from_numpy(array) for array in inputs], op_attributes(op, attributes))
    wanted = op.compute(inputs, attributes)
    assert len(found) == len(wanted)
    for tensor, array in zip(found, wanted, strict=True):
        assert tensor.numpy().dtype == array.dtype
        np.testing.assert_allclose(tensor.numpy(), array, rtol=1e-5, atol=1e-6)


def op_attributes(op: registry.Op, attributes: dict) -> dict:
    """As a graph holds them: canonical, without defaults."""
    return {name: value for name, value in op.normalise(attributes).items() if name in attributes}
