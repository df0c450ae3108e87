"""Attention of several heads with its projections, as in ``torch.nn``; https://arxiv.org/abs/1706.03762."""

from __future__ import annotations

from mcore.platform.dtypes import DType
from mcore.platform.eager import functional as F
from mcore.platform.eager.init import xavier_normal_, xavier_uniform_, zeros_
from mcore.platform.eager.layers.layer import Layer
from mcore.platform.eager.layers.linear import Linear
from mcore.platform.eager.parameter import Parameter
from mcore.platform.eager.skeleton import filled, unset
from mcore.platform.eager.tensor import Tensor


class _Projection(Linear):
    """A linear layer that torch prints by another name."""

    def __repr__(self) -> str:
        return f"NonDynamicallyQuantizableLinear({self.extra_repr()})"


class MultiheadAttention(Layer):
    """Attention of queries (L, N, E) over keys (S, N, kdim) and values (S, N, vdim): (L, N, E), and the shares of the keys.

    With ``batch_first`` the batch is the first dimension; it may be left out.
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
    ) -> None:
        super().__init__()
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ValueError(f"embed_dim ({embed_dim}) must be a multiple of num_heads ({num_heads}), both positive")
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        is_joined = self.kdim == self.vdim == embed_dim
        widths = {"q": embed_dim, "k": self.kdim, "v": self.vdim}
        for name, width in widths.items():
            self.register_parameter(f"{name}_proj_weight", None if is_joined else _matrix(embed_dim, width))
        self.register_parameter("in_proj_weight", _matrix(3 * embed_dim, embed_dim) if is_joined else None)
        self.register_parameter("in_proj_bias", Parameter(filled(3 * embed_dim, 0.0)) if bias else None)
        self.out_proj = _Projection(embed_dim, embed_dim, bias=bias)
        if self.out_proj.bias is not None:
            zeros_(self.out_proj.bias)
        for name in ("bias_k", "bias_v"):
            row = Parameter(unset((1, 1, embed_dim))) if add_bias_kv else None
            self.register_parameter(name, row)
            if row is not None:
                xavier_normal_(row)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attention, and the shares (N, L, S) of the keys if ``need_weights``, else ``None``; (N, heads, L, S) if not averaged.

        Args:
            query: as the class says.
            key: as the class says.
            value: as the class says.
            key_padding_mask: (N, S); true for keys that are left out, or numbers that are added to the scores.
            need_weights: give the shares.
            attn_mask: (L, S) or (N * heads, L, S); as ``key_padding_mask``.
            average_attn_weights: give the mean of the heads' shares.
            is_causal: says that ``attn_mask`` hides what comes later; it must be given all the same.
        """
        if is_causal and attn_mask is None:
            raise ValueError("is_causal needs the attn_mask that it tells of")
        is_batched = query.ndim == 3
        tokens = [x if is_batched else x[:, None] for x in (query, key, value)]
        if is_batched and self.batch_first:
            tokens = [x.transpose(0, 1) for x in tokens]
        if not is_batched and key_padding_mask is not None:
            key_padding_mask = key_padding_mask[None]
        projected = self._projected(tokens)
        heads = [self._heads(x) for x in projected]  # (N, heads, L, E / heads)
        if self.add_zero_attn:
            heads[1:] = [F.pad(x, (0, 0, 0, 1)) for x in heads[1:]]
        mask = self._mask(attn_mask, key_padding_mask, heads)
        shares: Tensor | None = None
        if need_weights or (self.training and self.dropout):
            scores = F.matmul(heads[0] * self.head_dim**-0.5, heads[1].transpose(-2, -1))
            shares = F.softmax(scores if mask is None else scores + mask, dim=-1)
            shares = F.dropout(shares, self.dropout, self.training)
            mixed = F.matmul(shares, heads[2])
        else:
            mixed = F.scaled_dot_product_attention(*heads, mask)
        result = self.out_proj(mixed.permute(2, 0, 1, 3).reshape(*tokens[0].shape[:2], self.embed_dim))
        if not is_batched:
            result = result[:, 0]
        elif self.batch_first:
            result = result.transpose(0, 1)
        if shares is None or not need_weights:
            return result, None
        if average_attn_weights:
            shares = F.mean(shares, 1)
        return result, shares if is_batched else shares[0]

    def _projected(self, tokens: list[Tensor]) -> list[Tensor]:
        """Queries, keys and values, each (L, N, E)."""
        if self.in_proj_weight is None:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        else:
            weights = list(F.chunk(self.in_proj_weight, 3))
        biases = [None] * 3 if self.in_proj_bias is None else F.chunk(self.in_proj_bias, 3)
        projected = [F.linear(x, w, b) for x, w, b in zip(tokens, weights, biases, strict=True)]
        for position, row in ((1, self.bias_k), (2, self.bias_v)):
            if row is not None:
                batch = projected[position].shape[1]
                projected[position] = F.cat([projected[position], F.expand(row, (1, batch, self.embed_dim))])
        return projected

    def _heads(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.num_heads, self.head_dim).permute(1, 2, 0, 3)

    def _mask(self, mask: Tensor | None, padding: Tensor | None, heads: list[Tensor]) -> Tensor | None:
        """What is added to the scores (N, heads, L, S); keys that no mask knows of take part."""
        query, key = heads[:2]
        parts = []
        if mask is not None:
            parts.append(mask.reshape(*query.shape[:2], *mask.shape[1:]) if mask.ndim == 3 else mask)
        if padding is not None:
            parts.append(padding.reshape(padding.shape[0], 1, 1, padding.shape[1]))
        total: Tensor | None = None
        for part in parts:
            addend = F.where(part, float("-inf"), 0.0).to(query.dtype) if part.dtype is DType.BOOL else part
            addend = F.pad(addend, (0, key.shape[-2] - part.shape[-1]))
            total = addend if total is None else total + addend
        return total


def _matrix(rows: int, columns: int) -> Parameter:
    matrix = Parameter(unset((rows, columns)))
    xavier_uniform_(matrix)
    return matrix
