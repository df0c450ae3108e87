"""Conversion: a torch module to a bundle, and a bundle to a torch module.

::

    from mcore.convert import fromplatform, toplatform

    toplatform(model, "resnet18", sampling=Sampling.image())
    network = fromplatform("resnet18")

A conversion passes through :mod:`.calibrate` (weights, on request), :mod:`.capture` (a trace makes a graph),
:mod:`.samples` (golden outputs, traced again and compared), :mod:`.verify` (a replay on the Platform), and :mod:`.bundle`,
which writes. A trace is :mod:`.tracer`, over :mod:`.symbolic` sizes, :mod:`.tracking` of tensors, and the table
:mod:`.from_torch`; the way back is :mod:`.rebuild`, over :mod:`.torch_ops`. Errors are drawn in :mod:`.errors`.
"""

from mcore.convert.bundle import Conversion, Report, fromplatform, toplatform
from mcore.convert.capture import Capture, capture
from mcore.convert.errors import (
    CaptureRefused,
    ConversionError,
    ModelFailed,
    ReferenceInvalid,
    VerificationFailed,
)
from mcore.convert.rebuild import Rebuilt

__all__ = [
    "Capture",
    "CaptureRefused",
    "Conversion",
    "ConversionError",
    "ModelFailed",
    "Rebuilt",
    "ReferenceInvalid",
    "Report",
    "VerificationFailed",
    "capture",
    "fromplatform",
    "toplatform",
]
