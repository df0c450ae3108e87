"""Necks: feature maps in, feature maps out."""

from models.necks.fpn import FPN

__all__ = ["FPN"]
