"""``samples/<H>x<W>.safetensors``: inputs, golden outputs and digests; the sample's figures stand in the header's texts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mcore.platform.bundle import Sample
from mcore.platform.errors import FormatError
from mcore.platform.format import canonical, limits
from mcore.platform.format.manifest import sample_file
from mcore.platform.format.tensors import tensors_from_bytes, tensors_to_bytes
from mcore.platform.format.typed import Item

_FIGURES = ("noise_floor", "sensitivity")
_GROUPS = ("in", "out", "digest")


def sample_to_bytes(sample: Sample) -> bytes:
    """The file of a sample; raises :class:`FormatError`."""
    file = sample_file(sample.name)
    groups = zip(_GROUPS, (sample.inputs, sample.outputs, sample.digests), strict=True)
    tensors = {f"{group}/{name}": value for group, values in groups for name, value in values.items()}
    metadata = {figure: canonical.line(_floats(getattr(sample, figure), file, figure)) for figure in _FIGURES}
    return tensors_to_bytes(tensors, metadata, file=file)


def sample_from_bytes(name: str, data: bytes | memoryview) -> Sample:
    """Read the file of sample ``name``; raises :class:`FormatError`."""
    file = sample_file(name)
    content = tensors_from_bytes(data, file=file)
    found: dict[str, dict[str, np.ndarray]] = {group: {} for group in _GROUPS}
    for key, value in content.tensors.items():
        group, _, tensor = key.partition("/")
        if group not in found or not tensor:
            raise FormatError(f"tensor {key!r} is none of in/, out/, digest/", where=file)
        found[group][tensor] = value
    if content.metadata.keys() != set(_FIGURES):
        raise FormatError(f"the header's texts are not {' and '.join(_FIGURES)}", where=file)
    figures = {}
    for figure in _FIGURES:
        place = f"{file}: {figure}"
        text = canonical.parse(content.metadata[figure].encode(), where=place, limit=limits.HEADER_BYTES)
        figures[figure] = {key: item.number() for key, item in Item(text, file, figure).mapping().items()}
    return Sample(name, found["in"], found["out"], found["digest"], figures["sensitivity"], figures["noise_floor"])


def _floats(figures: Mapping[str, float], file: str, what: str) -> dict[str, float]:
    plain = canonical.plain({name: float(value) for name, value in figures.items()}, where=f"{file}: {what}")
    for name, item in Item(plain, file, what).mapping().items():
        plain[name] = item.number()
    return dict(plain)
