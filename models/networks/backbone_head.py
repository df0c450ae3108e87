"""A backbone, maybe a neck, and a head as one network."""

from collections.abc import Mapping

from mcore.sampling import Sampling
from mcore.tensor import Tensor
from models.backbones.base import Backbone
from models.functional import resize_like
from models.heads.base import Head
from models.necks.base import Neck
from models.networks.base import Network
from models.utils import check_fit


class BackboneHead(Network):
    """Any backbone with any head; a head's map is resized to the image, bilinearly.

    Args:
        backbone: what makes features of the image.
        neck: what makes other features of them.
        head: what makes the answer.

    Raises:
        ValueError: a part does not take the features that the one before it gives.
    """

    def __init__(self, *, backbone: Backbone, neck: Neck | None = None, head: Head) -> None:
        before: Backbone | Neck = backbone
        for part in (neck, head):
            if part is not None:
                given, taken = (before.channels, before.strides), (part.in_channels, part.in_strides)
                check_fit(type(before).__name__, given, type(part).__name__, taken)
                before = part
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.head = head

    @property
    def sampling(self) -> Sampling:
        return self.backbone.sampling

    @property
    def task(self) -> str:
        return self.head.task

    @property
    def parts(self) -> Mapping[str, str]:
        named = {"backbone": self.backbone, "neck": self.neck, "head": self.head}
        return {role: type(part).__name__ for role, part in named.items() if part is not None}

    def forward(self, x: Tensor) -> Tensor:
        features = self.backbone(x)
        if self.neck is not None:
            features = self.neck(features)
        answer = self.head(features)
        return answer if self.head.output_stride is None else resize_like(answer, x)
