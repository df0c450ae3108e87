"""Usual sample sizes ``(H, W)``: each set has one that is not square and one that is odd."""

#: Of the one map that a block takes.
MAP_SIZES = ((28, 28), (20, 36), (13, 17))

#: Of the coarsest of the feature maps that a neck or head takes.
FEATURE_SIZES = ((7, 7), (4, 6), (3, 5))

#: Of the coarsest of many feature maps: the finest has several hundred times as many places.
COARSEST_SIZES = ((2, 2), (1, 2), (1, 3))

#: Of images for networks that keep wide maps at a fine scale, and so cost much more a pixel than a classifier.
SEGMENTATION_SIZES = ((128, 128), (96, 160), (65, 97))

#: Of images for detectors, which are wide at fine scales, too.
DETECTION_SIZES = ((160, 160), (128, 192), (97, 129))
