"""Stochastic depth: training leaves residual blocks out at random.

Paper: Deep Networks with Stochastic Depth (Huang et al., 2016), https://arxiv.org/abs/1603.09382
Each image draws for itself, and what is kept is scaled up in training, so that nothing is scaled in evaluation.
"""

import mcore.functional as F
from mcore.tensor import Tensor


def stochastic_depth(branch: Tensor, p: float, training: bool) -> Tensor:
    """``branch``, zero for a share ``p`` of the images of the batch and scaled by ``1 / (1 - p)`` for the others.

    Args:
        branch: what a residual block adds to its input, ``(N, ...)``.
        p: probability that an image goes without it.
        training: nothing is dropped otherwise.
    """
    if not training or p == 0.0:
        return branch
    one = F.ones_like(branch[(slice(None), *[slice(1)] * (branch.ndim - 1))])  # (N, 1, ...)
    return branch * F.dropout(one, p, training=True)
