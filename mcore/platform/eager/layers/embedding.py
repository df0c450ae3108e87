"""A table of vectors looked up by index, as in ``torch.nn``."""

from __future__ import annotations

from mcore.platform.eager import functional as F
from mcore.platform.eager.init import normal_, zeros_
from mcore.platform.eager.layers.layer import Layer
from mcore.platform.eager.parameter import Parameter
from mcore.platform.eager.skeleton import unset
from mcore.platform.eager.tensor import Tensor
from mcore.platform.errors import BackendError


class Embedding(Layer):
    """Row ``i`` of ``weight`` (num_embeddings, embedding_dim) for each index ``i``; row ``padding_idx`` starts as zeros."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
    ) -> None:
        super().__init__()
        if max_norm is not None:
            raise BackendError(
                f"the Platform has no Embedding with max_norm={max_norm}: it changes its weights when it runs"
            )
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"padding_idx ({padding_idx}) is none of {num_embeddings} rows")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        if _weight is None:
            self.weight = Parameter(unset((num_embeddings, embedding_dim)))
            normal_(self.weight)
            if self.padding_idx is not None:
                zeros_(self.weight[self.padding_idx])
        elif _weight.shape != (num_embeddings, embedding_dim):
            raise ValueError(f"_weight has shape {_weight.shape}, not {(num_embeddings, embedding_dim)}")
        else:
            self.weight = Parameter(_weight)

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(input, self.weight)

    def extra_repr(self) -> str:
        """Sizes, and what differs from its default."""
        usual = {"padding_idx": None, "norm_type": 2.0, "scale_grad_by_freq": False, "sparse": False}
        parts = [f"{n}={getattr(self, n)}" for n, v in usual.items() if getattr(self, n) != v]
        return ", ".join([f"{self.num_embeddings}, {self.embedding_dim}", *parts])
