"""Stochastic depth: in training, whole residual branches are left out by chance.

Paper: Deep Networks with Stochastic Depth (Huang et al., 2016), https://arxiv.org/abs/1603.09382
"""

import mcore.functional as F
from mcore.module import Module
from mcore.tensor import Tensor


class StochasticDepth(Module):
    """Zero for a share of the images of a batch in training, scaled up for the others; in evaluation what comes in.

    Args:
        share: of the images, on average.
    """

    def __init__(self, *, share: float = 0.0) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.share == 0:
            return x
        kept = F.dropout(F.ones_like(x[(slice(None), *[slice(0, 1)] * (x.ndim - 1))]), self.share, True)  # (N, 1, ...)
        return x * kept


def rising_shares(last: float, depths: tuple[int, ...]) -> list[list[float]]:
    """Shares for the blocks of each stage, growing evenly over all blocks from 0 to ``last``."""
    steps = max(1, sum(depths) - 1)
    shares = [last * i / steps for i in range(sum(depths))]
    return [shares[sum(depths[:i]) : sum(depths[: i + 1])] for i in range(len(depths))]
