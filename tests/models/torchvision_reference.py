"""torchvision's networks as the reference."""

from benchmarks.thirdparty.packages import torchvision

__all__ = ["torchvision"]
