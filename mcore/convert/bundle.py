"""From a model to its bundle, and back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from mcore.convert.calibrate import calibrate, unread
from mcore.convert.capture import Capture, capture_copy, captured_apart, chosen, sample_sizes
from mcore.convert.errors import CaptureRefused
from mcore.convert.noise import measure
from mcore.convert.origins import Origins
from mcore.convert.rebuild import Rebuilt
from mcore.convert.replays import Replays
from mcore.convert.report import CaptureReport
from mcore.convert.running import evaluation_copy
from mcore.convert.samples import Samples, take_samples
from mcore.convert.variants import SizesDisagree
from mcore.convert.verify import Replay, verify
from mcore.platform.bundle import Bundle, Manifest, Sample
from mcore.platform.dims import symbol
from mcore.platform.eager.constructor import recorded
from mcore.platform.format import read_bundle, write_bundle
from mcore.platform.format.staging import Staging
from mcore.platform.graph import Graph
from mcore.platform.report import report_lines
from mcore.pretrained import LoadReport
from mcore.sampling import Sampling
from mcore.toolchain import toolchain

#: Whose weights a bundle holds: the model's own, or such as its key gives (see :mod:`mcore.convert.calibrate`).
WEIGHTS = ("keep", "calibrated")


@dataclass(frozen=True, slots=True)
class Report:
    """What a conversion saw: the capture, where the weights are from, remarks on the samples, figures of the replay, and
    seconds by stage.
    """

    capture: CaptureReport
    weights: Mapping[str, str]
    remarks: tuple[str, ...]
    replays: tuple[Replay, ...]
    seconds: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """As the manifest keeps it: without times, so that the same model gives the same bytes."""
        return {**self.capture.to_json(), "weights": dict(self.weights), "remarks": list(self.remarks)}

    def __str__(self) -> str:
        return "\n".join(report_lines(self.to_json()))


@dataclass(frozen=True, slots=True)
class Conversion:
    """A bundle in its place, its manifest, and the report."""

    folder: Path
    manifest: Manifest
    report: Report


def toplatform(
    model: nn.Module,
    folder: str | Path,
    *,
    sampling: Sampling | None = None,
    architecture: str = "",
    kind: str = "",
    constructor: Mapping[str, Any] | None = None,
    parts: Mapping[str, str] | None = None,
    commit: str = "",
    closure: str = "",
    passed: Mapping[str, Sequence[str]] | None = None,
    overwrite: bool = False,
    weights: str = "keep",
    pretrained: LoadReport | None = None,
    checkpoint: Mapping[str, str] | None = None,
    further: Sequence[tuple[int, int, int]] = (),
) -> Conversion:
    """Convert ``model`` to a bundle in ``folder``, which is put in place whole, verified, or not at all.

    The model is copied and converted in evaluation mode; it is not changed.

    Args:
        model: any torch module.
        folder: where the bundle goes.
        sampling: what its inputs are; by default ``model.sampling``.
        architecture: its key; weights and inputs are drawn from it.
        kind: what it is: network, backbone, neck, head, attention or block.
        constructor: what builds the model; by default ``model.constructor``.
        parts: names of the network, backbone, neck and head; by default ``model.parts``.
        commit: the commit of the model's code.
        closure: hash of all code that the model can reach.
        passed: earlier commits at which it passed, by device type.
        overwrite: replace a bundle that is there.
        weights: ``"keep"`` the model's own, or have them ``"calibrated"``.
        pretrained: what loading said, where the model's own are pretrained ones: the manifest then names them.
        checkpoint: ``id`` and ``sha256`` of the checkpoint, where the model's own are one's: the manifest then names it.
        further: batch, height and width of samples beside those of the sampling, which alone shape graph and weights.

    Raises:
        ConversionError: the model, its capture, its golden outputs or its replay failed (see :mod:`mcore.convert.errors`).
        FileExistsError: ``folder`` exists and ``overwrite`` is false, or it holds something else than a bundle.
        ValueError: ``weights`` is neither of its values, or calibrating would overwrite trained ones.
    """
    if weights not in WEIGHTS:
        raise ValueError(f"weights must be one of {', '.join(WEIGHTS)}, not {weights!r}")
    if (pretrained is not None or checkpoint is not None) and weights != "keep":
        raise ValueError("trained weights are kept, not calibrated")
    target = Path(folder)
    if target.exists() and not overwrite:
        raise FileExistsError(f"{target} exists already; pass overwrite=True to replace it")
    sampling = sampling or getattr(model, "sampling", None)
    if not isinstance(sampling, Sampling):
        raise CaptureRefused(
            f"{type(model).__name__} has no sampling; pass sampling=Sampling.image() or what its inputs are"
        )
    key = architecture or type(model).__name__
    clock = _Clock()
    working = evaluation_copy(model, unread(model) if weights == "calibrated" else ())
    warm = None
    if weights == "calibrated":
        with clock("calibrate"):
            warm = calibrate(working, sampling, key)
    with Staging(target) as staging:
        captured, taken, replays = _captured(
            working, sampling, sampling.with_further(further), key, clock, staging, warm
        )
        report = Report(
            captured.report, _origin(weights, pretrained, checkpoint), taken.remarks, replays, clock.seconds
        )
        with clock("write"):
            manifest = write_bundle(
                target,
                graph=taken.graphs,
                weights=captured.weights,
                samples=taken.samples,
                architecture=architecture,
                kind=kind,
                constructor=constructor if constructor is not None else _constructor(model),
                parts=parts if parts is not None else _parts(model),
                layers=captured.report.layers,
                toolchain={**toolchain(), **_trained(pretrained, checkpoint)},
                commit=commit,
                closure=closure,
                passed=passed,
                report=report.to_json(),
                overwrite=overwrite,
                staging=staging,
            )
    return Conversion(target, manifest, report)


def _constructor(model: nn.Module) -> Mapping[str, Any]:
    """What it was built by, if it says so or that was recorded; a third party may mean something else by the name."""
    said = getattr(model, "constructor", None)
    if isinstance(said, Mapping) and said.keys() == {"target", "parameters"}:
        return said
    return recorded(model) or {}


def _trained(pretrained: LoadReport | None, checkpoint: Mapping[str, str] | None) -> dict[str, str]:
    """What trained weights add to the toolchain."""
    if checkpoint is not None:
        return {"checkpoint": checkpoint["sha256"]}
    return {} if pretrained is None else {"pretrained": pretrained.fingerprint}


def _origin(weights: str, pretrained: LoadReport | None, checkpoint: Mapping[str, str] | None) -> dict[str, str]:
    """Where the weights are from, for the manifest's report."""
    if checkpoint is not None:
        return {"origin": "checkpoint", **checkpoint}
    if pretrained is not None:
        said = pretrained.manifest
        return {"origin": "pretrained", "source": said.source, "sha256": said.sha256}
    return {"origin": "calibrated" if weights == "calibrated" else "model"}


def _parts(model: nn.Module) -> Mapping[str, str]:
    """The names of its parts, unless the attribute is something else of that name (a third party's submodules)."""
    parts = getattr(model, "parts", None)
    return parts if isinstance(parts, Mapping) and all(isinstance(name, str) for name in parts.values()) else {}


def fromplatform(folder: str | Path) -> nn.Module:
    """The network of the bundle in ``folder`` as a torch module in evaluation mode, rebuilt without its source.

    Raises:
        FormatError: the bundle cannot be trusted.
    """
    bundle = read_bundle(Path(folder))
    return Rebuilt(bundle.graphs, bundle.weights, _sizes(bundle))


def _captured(
    model: nn.Module,
    sampling: Sampling,
    sampled: Sampling,
    key: str,
    clock: _Clock,
    staging: Staging,
    warm: tuple[int, int] | None,
) -> tuple[Capture, Samples, tuple[Replay, ...]]:
    """Graphs, samples at all sizes of ``sampled`` that agree with them, and the replays that say so.

    Weights and samples are written as soon as they are known; if a replay fails, nothing of that is put in place.
    """
    with clock("capture"):
        captured = capture_copy(model, sampling, golden_follow=True, warm=warm)
    staging.weights(captured.weights)
    for size in sample_sizes(sampled):
        if chosen(captured.variants, sampled, size) is None:
            raise CaptureRefused(f"no graph takes {size} with a batch of {size.batch}, a further size")
    further = len(sampled.sizes) - len(sampling.sizes)
    try:
        return captured, *_verified(model, sampled, captured, key, clock, staging, further)
    except SizesDisagree as refused:
        if captured.report.fallback or further:
            raise
        with clock("capture"):
            captured = captured_apart(model, sampling, refused)
        staging.weights(captured.weights)
        return captured, *_verified(model, sampling, captured, key, clock, staging)


def _verified(
    model: nn.Module,
    sampling: Sampling,
    captured: Capture,
    key: str,
    clock: _Clock,
    staging: Staging,
    further: int = 0,
) -> tuple[Samples, tuple[Replay, ...]]:
    with Replays(captured.weights) as runs:
        with clock("samples"):
            taken = take_samples(model, sampling, captured, key, runs, further, staging.sample)
        with clock("verify"):
            return taken, verify(
                taken.graphs, captured.weights, taken.samples, replays=runs, measure=measure(model, sampling)
            )


def _sizes(bundle: Bundle) -> tuple[tuple[int, int], ...]:
    """Sizes of the samples, the one with a batch of two as the second: so a sampling has it."""
    batches = {}
    for sample in bundle.samples:
        height, width = sample.name.split("x")
        batches[int(height), int(width)] = _batch(bundle.graph_for(sample.inputs), sample)
    first, *rest = sorted(batches, key=lambda size: (batches[size] > 1, size))
    return (first, *rest[-1:], *rest[:-1])


def _batch(graph: Graph, sample: Sample) -> int:
    """The batch of a sample, of one where no input has a batch."""
    shapes = Origins.of(graph).shapes or {name: kind.shape for name, kind in graph.inputs.items()}
    for name, shape in shapes.items():
        if symbol("N") in shape:
            return sample.inputs[name].shape[shape.index(symbol("N"))]
    return 1


class _Clock:
    """Seconds spent by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started
