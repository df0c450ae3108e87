"""Attention modules: a map in, the map weighted out."""

from models.attention.squeeze_excitation import SqueezeExcitation

__all__ = ["SqueezeExcitation"]
