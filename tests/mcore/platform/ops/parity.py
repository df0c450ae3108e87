"""One case of an op against torch: values, element type and shape, and its shape rule with known and symbolic sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from mcore.convert.arrays import from_numpy, to_numpy
from mcore.platform.bfloat16 import is_bfloat16, widen
from mcore.platform.dims import evaluate, symbol
from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry
from mcore.torch_backend.detection import nms

#: Largest error, relative to each element and to the peak of the result.
TOLERANCE = {"float64": 1e-13, "float32": 2e-6, "float16": 2e-3, "bfloat16": 1.6e-2}

#: What torch calls with keywords alone, or not at all; by parameter name of the op.
REFERENCES: dict[str, Callable[..., Any]] = {
    "affine_grid": lambda theta, size, align: F.affine_grid(theta, list(size), align_corners=align),
    "any": lambda x, dim, keepdim: torch.any(x) if dim is None else torch.any(x, dim, keepdim),
    "all": lambda x, dim, keepdim: torch.all(x) if dim is None else torch.all(x, dim, keepdim),
    "arange": lambda start, end, step, dtype: torch.arange(start, end, step, dtype=dtype),
    "batch_norm": lambda x, mean, var, w, b, eps: F.batch_norm(x, mean, var, w, b, training=mean is None, eps=eps),
    "cast": lambda x, dtype: x.to(dtype),
    "div": lambda x, other, mode: torch.div(x, other, rounding_mode=mode),
    "full": lambda size, value, dtype: torch.full(size, value, dtype=dtype),
    "gelu": lambda x, approximate: F.gelu(x, approximate=approximate),
    "instance_norm": lambda x, m, v, w, b, own, eps: F.instance_norm(x, m, v, w, b, own, eps=eps),
    "index": lambda tensors, dims: tensors[0][indexed(tensors[1:], dims)],
    "index_put": lambda tensors, dims, accumulate: torch.ops.aten.index_put(
        tensors[0], indexed(tensors[2:], dims, None), tensors[1], accumulate
    ),
    "interpolate": lambda x, size, factor, mode, align, smooth: F.interpolate(
        x, size, factor, mode=mode, align_corners=align, antialias=smooth
    ),
    **{
        name: lambda x, other, name=name: getattr(torch, name)(x, torch.as_tensor(other))
        for name in ("minimum", "maximum", "fmin", "fmax", "logical_and", "logical_or", "atan2", "hypot", "logaddexp")
    },
    "nan_to_num": lambda x, nan, posinf, neginf: torch.nan_to_num(x, nan, posinf, neginf),
    "nms": nms,
    "prod": lambda x, dim, keepdim: torch.prod(x) if dim is None else torch.prod(x, dim, keepdim),
    "rdiv": lambda x, other: other / x,
    "roll": lambda x, shifts, dims: torch.roll(x, shifts, dims or ()),
    "rpow": lambda x, other: other**x,
    "rsub": lambda x, other: other - x,
    "scaled_dot_product_attention": lambda q, k, v, mask, causal, scale: F.scaled_dot_product_attention(
        q, k, v, mask, is_causal=causal, scale=scale
    ),
    "scatter": lambda x, dim, index, src: torch.scatter(x, dim, index, src),
    "scatter_reduce": lambda x, dim, index, src, reduce, own: torch.scatter_reduce(
        x, dim, index, src, reduce, include_self=own
    ),
    "slice": lambda x, dim, start, end, step: x[(slice(None),) * (dim % x.ndim) + (slice(start, end, step),)],
    "sort": lambda x, dim, descending: torch.sort(x, dim=dim, descending=descending, stable=True),
    "argsort": lambda x, dim, descending: torch.argsort(x, dim=dim, descending=descending, stable=True),
    "squeeze": lambda x, dim: x.squeeze() if dim is None else x.squeeze(dim),
    "tensor_unfold": lambda x, dim, size, step: x.unfold(dim, size, step),
    "var": lambda x, dim, correction, keepdim: torch.var(x, dim, correction=correction, keepdim=keepdim),
}


def indexed(indices: list[torch.Tensor], dims: Any, rest: Any = slice(None)) -> tuple[Any, ...]:
    """The index with a tensor at each of ``dims``, and ``rest``, which stands for everything, at the others."""
    places = dict(zip(dims, indices, strict=True))
    return tuple(places.get(d, rest) for d in range(max(dims) + 1))


@dataclass(frozen=True)
class Case:
    """``attributes`` are as a caller of torch writes them; ``symbolic`` says whether sizes may be unknown to the shape rule."""

    op: str
    inputs: tuple[np.ndarray | None, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    symbolic: bool = True
    tolerance: float | None = None

    def __str__(self) -> str:
        shapes = ["-" if i is None else f"{i.dtype.name}{list(i.shape)}".replace(", ", "x") for i in self.inputs]
        return f"{self.op}({', '.join([*shapes, *(f'{k}={v}' for k, v in self.attributes.items())])})"


def case(
    op: str, *inputs: np.ndarray | None, symbolic: bool = True, tolerance: float | None = None, **attributes: Any
) -> Case:
    """Shorthand for :class:`Case`."""
    return Case(op, inputs, attributes, symbolic, tolerance)


def normal(*shape: int, dtype: str = "float32", seed: int = 0) -> np.ndarray:
    """Values of a normal distribution."""
    values = np.asarray(np.random.default_rng([seed, *shape]).standard_normal(shape))
    return DType(dtype).cast(values)


def whole(*shape: int, low: int = -9, high: int = 10, dtype: str = "int64", seed: int = 0) -> np.ndarray:
    """Whole numbers from ``low`` to below ``high``."""
    return np.asarray(np.random.default_rng([seed, *shape]).integers(low, high, shape)).astype(dtype)


def truth(*shape: int, seed: int = 0) -> np.ndarray:
    """Booleans."""
    return whole(*shape, low=0, high=2, dtype="bool", seed=seed)


def special(dtype: str = "float32") -> np.ndarray:
    """Zeros, infinities, NaN and values on both sides of every threshold that an activation has."""
    values = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, 3.0, -3.0, 3.5, -3.5, 6.0, 6.5, 20.0, 20.5, -20.5, 100.0, -100.0]
    return np.array([*values, np.inf, -np.inf, np.nan, 1e-30, -1e-30], dtype)


def check(case: Case, wide: bool = False) -> None:
    """Fail unless the op does as torch does, and its shape rule says what its kernel does.

    With ``wide``, values are compared to what torch computes in float64: where its own float32 has the larger error.
    """
    results = registry.get(case.op).compute(case.inputs, case.attributes)
    references = reference(case)
    assert len(results) == len(references)
    for result, wanted in zip(results, references, strict=True):
        assert result.dtype == wanted.dtype
        assert result.shape == wanted.shape
        if not wide:
            assert_close(result, wanted, case.tolerance)
    if wide:
        doubled = tuple(None if i is None else i.astype(np.float64) for i in case.inputs)
        for result, wanted in zip(results, reference(replace(case, inputs=doubled)), strict=True):
            assert_close(result, wanted.astype(result.dtype), case.tolerance)
    check_types(case, results)


def reference(case: Case) -> tuple[np.ndarray, ...]:
    """What torch computes, called in the op's calling order."""
    op = registry.get(case.op)
    values = {a.name: a.default for a in op.attributes} | dict(case.attributes)
    if op.variadic:
        values[op.inputs[0].strip("*")] = [_tensor(i) for i in case.inputs]
    else:
        for name, array in zip(op.inputs, case.inputs, strict=False):
            if array is not None or not name.endswith("?"):
                values[name.strip("?")] = _tensor(array)
    arguments = [_for_torch(values.get(name)) for name in op.parameters]
    with torch.no_grad():
        result = _function(case.op)(*arguments)
    return tuple(to_numpy(r) for r in (result if isinstance(result, tuple | list) else (result,)))


def assert_close(result: np.ndarray, wanted: np.ndarray, tolerance: float | None = None) -> None:
    """Fail unless each element is within the tolerance of its type; integers and what is not finite must be equal."""
    if is_bfloat16(wanted):
        result, wanted, tolerance = widen(result), widen(wanted), TOLERANCE["bfloat16"]
    if not np.issubdtype(wanted.dtype, np.floating):
        np.testing.assert_array_equal(result, wanted)
        return
    tolerance = TOLERANCE[wanted.dtype.name] if tolerance is None else tolerance
    finite = np.abs(wanted[np.isfinite(wanted)])
    peak = float(finite.max()) if finite.size else 0.0
    np.testing.assert_allclose(result, wanted, rtol=tolerance, atol=tolerance * peak, equal_nan=True)


def check_types(case: Case, results: tuple[np.ndarray, ...]) -> None:
    """Fail unless the shape rule says what ``results`` are: with known sizes, and with symbols for them."""
    op = registry.get(case.op)
    types = [None if i is None else TensorType(DType.of(i), i.shape) for i in case.inputs]
    wanted = tuple(TensorType(DType.of(r), r.shape) for r in results)
    assert op.types(types, case.attributes) == wanted
    if not case.symbolic:
        return
    sizes = sorted({size for t in types if t for size in t.shape if size > 1})
    for chosen in [sizes, *([s] for s in sizes)]:
        symbols = {f"S{size}": size for size in chosen}
        renamed = [
            t and TensorType(t.dtype, tuple(symbol(f"S{d}") if d in chosen else d for d in t.shape)) for t in types
        ]
        found = op.types(renamed, case.attributes)
        shapes = [tuple(evaluate(d, symbols) for d in t.shape) for t in found]
        assert shapes == [t.shape for t in wanted]
        assert [t.dtype for t in found] == [t.dtype for t in wanted]


def _function(name: str) -> Callable[..., Any]:
    if name in REFERENCES:
        return REFERENCES[name]
    return next(getattr(home, name) for home in (F, torch, torch.Tensor) if hasattr(home, name))


def _tensor(array: np.ndarray) -> torch.Tensor:
    return from_numpy(np.array(array))


def _for_torch(value: Any) -> Any:
    return getattr(torch, value.value) if isinstance(value, DType) else value
