"""What every head promises."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from mcore.module import Module
from mcore.sampling import Sampling
from models.utils import FEATURE_SIZES, check_features, feature_inputs


class Head(Module):
    """A list of feature maps in, the answer of a task out.

    ``in_channels`` and ``in_strides`` describe the features, from fine to coarse; ``output_stride`` is the stride of the map
    that it gives, or ``None`` where the answer is not a map to be resized to the image. ``task`` is one of
    :data:`models.networks.base.TASKS`.

    Raises:
        ValueError: the description is not one of features from fine to coarse.
    """

    kind: ClassVar[str] = "head"
    task: str
    output_stride: int | None = None

    def __init__(self, in_channels: Sequence[int], in_strides: Sequence[int], *, doubling: bool = False) -> None:
        check_features(type(self).__name__, in_channels, in_strides, doubling=doubling)
        super().__init__()
        self.in_channels, self.in_strides = tuple(in_channels), tuple(in_strides)

    @property
    def sampling(self) -> Sampling:
        return Sampling(feature_inputs(self.in_channels, self.in_strides), FEATURE_SIZES, minimum=2)

    @property
    def parts(self) -> Mapping[str, str]:
        return {"head": type(self).__name__}
