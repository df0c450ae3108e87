"""Attention modules: a map in, the map weighted out."""

from models.attention.cbam import CBAM
from models.attention.coordinate import CoordinateAttention
from models.attention.eca import ECA
from models.attention.nonlocal_block import NonLocal
from models.attention.scse import SCSE
from models.attention.self_attention import MultiHeadSelfAttention
from models.attention.squeeze_excitation import SqueezeExcitation

__all__ = ["CBAM", "ECA", "SCSE", "CoordinateAttention", "MultiHeadSelfAttention", "NonLocal", "SqueezeExcitation"]
