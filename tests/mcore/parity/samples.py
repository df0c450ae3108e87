"""Torch's own sample inputs of its operators (OpInfo), for those of them that the Platform claims to have.

They are what torch tests itself with: corner cases of arguments, empty tensors, scalars, broadcasting, promotion of types and,
among the reference inputs of elementwise functions, NaN and infinities.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor
from torch.testing import make_tensor
from torch.testing._internal import common_utils
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo import core
from torch.testing._internal.opinfo.core import BinaryUfuncInfo, OpInfo, ReductionOpInfo, UnaryUfuncInfo
from torch.utils._pytree import tree_leaves

from mcore.contract import FUNCTIONAL
from mcore.convert.from_torch import MAPPINGS

# The import forbids to set the flags of torch's backends for the rest of the process, which the torch driver does. The module
# that one sees as torch.backends is not the one that the function is from.
torch.backends.flags_frozen.__globals__["__allow_nonbracketed_mutation_flag"] = True

DTYPES = (torch.float32, torch.float16, torch.int64, torch.bool)

#: What these fill a tensor with is left open.
_OPEN = ("empty", "empty_like", "new_empty")

#: Half precision in which torch does something else: it rounds positions, and so takes other pixels at a tie.
_NOT_HALF = ("nn.functional.grid_sample",)

#: Samples with more elements are left out: they are of the sizes for which a GPU takes another path, and take long here.
MOST_ELEMENTS = 20_000

#: How many samples of an operator are tried, by dtype; half precision takes the same paths as single.
COUNTS = {torch.float32: 8, torch.float16: 2, torch.int64: 3, torch.bool: 2}

_OPERATORS = {info.formatted_name: info for info in op_db}

#: Homes of operators whose functions are compositions in Python, or take what the Platform has not (sparse tensors).
_ELSEWHERE = ("masked.", "ops.", "sparse.")


@dataclass(frozen=True)
class Sample:
    """One call: ``function(*arguments, **keywords)``, with tensors anywhere among them."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]

    def __str__(self) -> str:
        keywords = [f"{name}={_shown(value)}" for name, value in self.keywords.items()]
        return ", ".join([*map(_shown, self.arguments), *keywords])

    @property
    def tensors(self) -> list[Tensor]:
        """The tensors among the arguments, in order."""
        return [leaf for leaf in tree_leaves((self.arguments, self.keywords)) if isinstance(leaf, Tensor)]


def operators() -> list[OpInfo]:
    """The operators of torch that the table of mappings has, or the contract of both backends."""
    found = [info for info in op_db if info.name not in _OPEN and not info.name.startswith(_ELSEWHERE)]
    return [info for info in found if _is_claimed(info)]


def _is_claimed(info: OpInfo) -> bool:
    named = reduce(lambda home, part: getattr(home, part, None), info.name.split("."), torch)
    short = info.name.rsplit(".", 1)[-1]
    method = getattr(Tensor, short, None)
    aliases = [alias.op for alias in info.aliases]
    found = [info.op, info.method_variant, named, method, *aliases]
    return any(f in MAPPINGS for f in found if callable(f)) or (short in FUNCTIONAL and callable(named or method))


@functools.lru_cache(maxsize=len(DTYPES))
def samples(name: str, dtype: torch.dtype) -> list[Sample]:
    """All samples of an operator that are small enough, the same ones in every run; kept for who asks next."""
    info = _OPERATORS[name]
    elementwise = isinstance(info, UnaryUfuncInfo | BinaryUfuncInfo | ReductionOpInfo)
    make = info.reference_inputs if elementwise else info.sample_inputs
    _seed(0)
    with (
        mock.patch.multiple(common_utils, extract_test_fn=_no_test, set_rng_seed=_seed),
        mock.patch.multiple(core, extract_test_fn=_no_test, make_tensor=_made, noncontiguous_like=_noncontiguous),
    ):
        made = list(make("cpu", dtype, requires_grad=False))
    found = [Sample(info.op, (s.input, *s.args), dict(s.kwargs)) for s in made]
    return [s for s in found if sum(t.numel() for t in s.tensors) <= MOST_ELEMENTS]


def _no_test() -> None:
    """What torch finds of its own tests around a sample here; it looks for them in the source of every frame."""


def _seed(seed: int) -> None:
    """As torch does before each sample, but for devices that are not there: it notes the whole stack for each of them."""
    torch.default_generator.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)


def _made(*shape: Any, **options: Any) -> Tensor:
    """As ``make_tensor``, but zeros where the sample is left out for its size: to draw a million numbers takes long."""
    sizes = shape if isinstance(shape[0], int) else tuple(shape[0])
    if math.prod(sizes) > MOST_ELEMENTS:
        return torch.zeros(sizes, dtype=options["dtype"])
    return make_tensor(*shape, **options)


def _noncontiguous(tensor: Tensor) -> Tensor:
    """As torch's function of that name, but of what is left out."""
    return tensor if tensor.numel() > MOST_ELEMENTS else common_utils.noncontiguous_like(tensor)


def chosen(info: OpInfo, dtype: torch.dtype) -> tuple[list[Sample], list[Sample]]:
    """Those of the samples that a test tries, and the others."""
    found = samples(info.formatted_name, dtype)
    picked = set(
        random.Random(f"{info.formatted_name} {dtype}").sample(range(len(found)), min(COUNTS[dtype], len(found)))
    )
    return [s for i, s in enumerate(found) if i in picked], [s for i, s in enumerate(found) if i not in picked]


def dtypes(info: OpInfo) -> Iterator[torch.dtype]:
    """The dtypes of :data:`DTYPES` that torch's operator takes on a CPU."""
    left_out = {torch.float16} if info.name in _NOT_HALF else set()
    return (dtype for dtype in DTYPES if dtype in info.supported_dtypes("cpu") - left_out)


def _shown(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_shown(v) for v in value)}]"
    return repr(value)
