"""What the Platform refuses of torch's sample inputs, by operator, and why. The lists may only shrink (see ``examining``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Refusal(NamedTuple):
    """A part of the error's text, and why such calls are refused."""

    text: str
    reason: str


def _each(names: Iterable[str], *refusals: Refusal) -> dict[str, tuple[Refusal, ...]]:
    return dict.fromkeys((f"nn_functional_{name}" for name in names), refusals)


_TRAINING = "in training only"
_DATA = "the result depends on data"
_DECOMPOSED = "no op decomposes matrices"

_OF_INTEGERS = Refusal("x must be floating point, it is int64", "layers compute in floating point")
_OF_BOOLS = Refusal("op 'sign': x must be a number type", "a bool is its own sign")
_CHANNELS = Refusal("x must have two dimensions or more", "channels are the second dimension")
_OF_DATA = Refusal("depends on data", _DATA)
_DROPOUT = Refusal("dropout is active", _TRAINING)
_RANDOM_SLOPES = Refusal("rrelu", _TRAINING)
_NUCLEAR = Refusal("'nuc' needs singular values", _DECOMPOSED)
_SINGULAR = Refusal("2 needs singular values", _DECOMPOSED)
_EMPTY = Refusal("a dimension without elements", "no network takes the norm of nothing")
_OF_RANK_0 = Refusal("dimensions [0] must go upwards", "a number has no positions")

_CONVOLUTIONS = [f"conv{kind}{rank}d" for kind in ("", "_transpose") for rank in (1, 2, 3)]
_AT_POSITIONS = ("index_add", "index_copy", "index_fill")

CAPTURED: Mapping[str, tuple[Refusal, ...]] = {
    "__getitem__": (Refusal("indexes by a mask", _DATA),),
    "bfloat16": (Refusal("is bfloat16, in which no result can be judged", "NumPy computes in no bfloat16"),),
    "gather": (Refusal("the index must be int64 or int32", "an index of bytes, which torch takes where it is empty"),),
    "index_put": (Refusal("the index must be int64 or int32, it is bool", _DATA),),
    "linalg_diagonal": (Refusal("torch.linalg.diagonal", "torch.diagonal is captured"),),
    "linalg_matrix_norm": (_NUCLEAR, _SINGULAR),
    "linalg_norm": (_NUCLEAR, _SINGULAR, _EMPTY),
    "linalg_norm_subgradients_at_zero": (_NUCLEAR, _SINGULAR, _EMPTY),
    "linspace_tensor_overload": (Refusal("linspace between tensors", "limits that depend on data"),),
    "narrow": (_OF_DATA,),
    "norm_nuc": (Refusal("norm of order 'nuc'", _DECOMPOSED),),
    "repeat_interleave": (_OF_DATA,),
    "sgn": (_OF_BOOLS,),
    "sign": (_OF_BOOLS,),
    "tensor_split": (Refusal("splits at places that depend on data", _DATA),),
    **dict.fromkeys(_AT_POSITIONS, (_OF_RANK_0,)),
    **dict.fromkeys(("argwhere", "bincount", "masked_scatter", "masked_select", "nonzero"), (_OF_DATA,)),
    **dict.fromkeys(("unique", "unique_consecutive"), (_OF_DATA,)),
    **_each([*_CONVOLUTIONS, "local_response_norm"], _OF_INTEGERS),
    **_each(["batch_norm"], Refusal("moves its running statistics", _TRAINING), _CHANNELS),
    **_each(["instance_norm"], Refusal("writes to what it does not return", _TRAINING)),
    **_each(["embedding"], Refusal("max_norm changes its weights", _TRAINING)),
    **_each(["multi_head_attention_forward"], Refusal("with training", _TRAINING)),
    **_each(["one_hot"], Refusal("without num_classes", _DATA)),
    **_each(["rrelu"], _RANDOM_SLOPES),
    **_each(["scaled_dot_product_attention"], Refusal("with dropout", _TRAINING)),
    **_each(["dropout", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout_with_train"], _DROPOUT),
}

EAGER: Mapping[str, tuple[Refusal, ...]] = {
    "bfloat16": (Refusal("unsupported ScalarType BFloat16", "NumPy computes in no bfloat16: torch's own error"),),
    "gather": CAPTURED["gather"],
    "norm_nuc": (Refusal("p=nuc", _DECOMPOSED),),
    "sign": (_OF_BOOLS,),
    **dict.fromkeys(_AT_POSITIONS, (_OF_RANK_0,)),
    **_each([*_CONVOLUTIONS, "local_response_norm"], _OF_INTEGERS),
    **_each(["batch_norm"], _CHANNELS),
    **_each(["embedding"], Refusal("with max_norm=1.0", _TRAINING)),
    **_each(["rrelu"], _RANDOM_SLOPES),
    **_each(["scaled_dot_product_attention"], Refusal("with dropout_p=0.5", _TRAINING)),
}
