"""What sizes a network takes, found out by calling it: the sampling of a network that does not say so itself."""

from __future__ import annotations

from torch import nn

from benchmarks.thirdparty.row import ANY, FIXED, MULTIPLES
from mcore.convert.errors import ModelFailed
from mcore.convert.running import Size, run, seeded_inputs
from mcore.sampling import H, Input, N, Sampling, W

WIDE, ODD = (128, 192), (97, 129)
#: The third size where an odd one is not taken: both sides are multiples of the stride of any of these networks.
EVEN = (160, 224)
STRIDE = 32


def sampling_of(model: nn.Module, native: tuple[int, int]) -> tuple[Sampling, str]:
    """The sampling of ``model`` (in evaluation mode), and in a word what sizes it takes.

    Three sizes: its native one, one that is not square, and an odd one, or one more multiple of the stride where it refuses
    that. A network that refuses the second has one size.
    """
    inputs = (Input("x", (N, 3, H, W)),)
    if not _takes(model, WIDE) or native == WIDE:
        return Sampling(inputs, (native,), minimum=min(native), fixed=True), FIXED
    if _takes(model, ODD):
        return Sampling(inputs, (native, WIDE, ODD)), ANY
    return Sampling(inputs, (native, WIDE, EVEN), minimum=2 * STRIDE, multiple_of=STRIDE), MULTIPLES


def _takes(model: nn.Module, size: tuple[int, int]) -> bool:
    sampling = Sampling((Input("x", (N, 3, H, W)),), (size,), minimum=min(size), fixed=True)
    try:
        run(model, sampling, seeded_inputs(sampling, Size(1, *size), "taken"))
    except ModelFailed:
        return False
    return True
