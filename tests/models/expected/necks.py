"""Necks beyond the feature pyramid."""

from tests.models.expected.forms import ceil, map_of


def coarsest(channels):
    """Three maps, of which the coarsest has another width."""
    return lambda n, h, w: [(n, c, k * h, k * w) for c, k in zip((256, 512, channels), (4, 2, 1), strict=True)]


def bifpn(n, h, w):
    finer = [(n, 64, k * h, k * w) for k in (4, 2, 1)]
    return [*finer, (n, 64, ceil(h, 2), ceil(w, 2)), (n, 64, ceil(h, 4), ceil(w, 4))]


EXPECTED = {
    "PAN": lambda n, h, w: [(n, 256, k * h, k * w) for k in (8, 4, 2, 1)],
    "BiFPN": bifpn,
    "SPP": coarsest(1024),
    "SPPF": coarsest(1024),
    "ASPP": map_of(256),
    "PPM": map_of(4096),
}
