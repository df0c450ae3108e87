"""What the networks need besides tensors: rounding of widths, feature descriptions, usual sizes."""

from models.utils.features import check_features, check_fit, describe, feature_inputs, finer_map
from models.utils.metadata import Metadata, metadata
from models.utils.names import public_name
from models.utils.rounding import make_divisible
from models.utils.sizes import COARSEST_SIZES, DETECTION_SIZES, FEATURE_SIZES, MAP_SIZES, SEGMENTATION_SIZES

__all__ = [
    "COARSEST_SIZES",
    "DETECTION_SIZES",
    "FEATURE_SIZES",
    "MAP_SIZES",
    "SEGMENTATION_SIZES",
    "Metadata",
    "check_features",
    "check_fit",
    "describe",
    "feature_inputs",
    "finer_map",
    "make_divisible",
    "metadata",
    "public_name",
]
