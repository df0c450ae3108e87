"""Seconds of a conversion beside ``torch.onnx.export``: every network and backbone of the zoo, one after the other.

``python -m benchmarks.convert [--quick] [--json] [NAME ...]``. Ours is ``toplatform`` as the farm calls it: weights are
calibrated, one graph is captured for every batch, height and width, golden outputs and digests of every layer are taken at
three sizes (traced again, which makes the second trace), the noise of float32 is measured, the bundle is replayed on the NumPy
Platform against all that, written, hashed and synced to the disk. The peers write one ONNX file with the weights as they are,
with dynamic batch, height and width; they compare nothing and run nothing. ``torch.onnx.export`` is the exporter of today
(``dynamo=True``, its default), ``torch.onnx.export (legacy)`` the one before it, which records one run and cannot say where
that misleads. One process, one thread; imports and a first small conversion do not count.

Ratios are of wall-clock seconds; below 1 ours is quicker. The processor's seconds stand beside them: on a machine that is busy
with other things, trust those.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # read when NumPy and torch are imported
os.environ["MCORE_BACKEND"] = "torch"

import argparse
import contextlib
import io
import json
import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

import models.backbones as backbones
import models.networks as networks
from mcore.convert import toplatform
from mcore.convert.running import Size, evaluation_copy, seeded_inputs
from mcore.platform.dims import Expr
from mcore.sampling import Sampling

SCHEMA = "benchmark-convert/1"
PEERS = ("torch.onnx.export", "torch.onnx.export (legacy)")
TOTAL = "total"
QUICK = ("resnet18", "mobilenetv2", "UNet")


@dataclass(frozen=True, slots=True)
class Seconds:
    """Of the clock on the wall, and of the processor."""

    wall: float = 0.0
    cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """``peer_s`` is ``None`` where the peer could not export the network; ``error`` then says why."""

    network: str
    peer: str
    ratio: float | None
    ours_s: float
    peer_s: float | None
    ratio_cpu: float | None
    ours_cpu_s: float
    peer_cpu_s: float | None
    stages: dict[str, float] = field(default_factory=dict)
    error: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.convert", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="networks or backbones; all by default")
    parser.add_argument("--quick", action="store_true", help=f"just {', '.join(QUICK)}")
    parser.add_argument("--json", action="store_true", help="rows as JSON on standard output")
    options = parser.parse_args()
    torch.set_num_threads(1)
    names = options.names or (QUICK if options.quick else (*networks.__all__, *backbones.__all__))
    rows = []
    for row in measured(names):
        rows.append(row)
        if not options.json:
            print(text(row), flush=True)
    if options.json:
        print(json.dumps({"schema": SCHEMA, "rows": [asdict(row) for row in rows]}, indent=1))


def text(row: Row) -> str:
    """A row for people."""
    if row.peer_s is None or row.ratio is None:
        return f"{row.network:20} {row.ours_s:7.2f} s   {row.peer:26} failed: {row.error}"
    stages = " ".join(f"{name} {seconds:.2f}" for name, seconds in row.stages.items())
    return (
        f"{row.network:20} {row.ours_s:7.2f} s   {row.peer:26} {row.peer_s:7.2f} s   "
        f"ratio {row.ratio:.2f} (processor {row.ratio_cpu:.2f})   {stages}"
    )


def measured(names: Sequence[str]) -> Iterator[Row]:
    """Rows of each network, one for each peer, and of all of them together that a peer could export."""
    _warm_up()
    rows: list[Row] = []
    for name in names:
        model = getattr(networks, name, None) or getattr(backbones, name)
        made = list(rows_of(name, model()))
        rows += made
        yield from made
    for peer in PEERS:
        yield total(peer, [row for row in rows if row.peer == peer and row.peer_s is not None])


def rows_of(name: str, model: torch.nn.Module) -> Iterator[Row]:
    """Convert once, export once by each peer."""
    stages: dict[str, float] = {}

    def convert(folder: Path) -> None:
        conversion = toplatform(model, folder / "bundle", architecture=name, weights="calibrated")
        stages.update({stage: round(seconds, 3) for stage, seconds in conversion.report.seconds.items()})

    ours = timed(convert)
    for peer in PEERS:
        exported = evaluation_copy(model)
        try:
            yield _row(
                name, peer, ours, timed(lambda folder, m=exported, p=peer: export(m, m.sampling, folder, p)), stages
            )
        except Exception as error:  # whatever the peer raises is what there is to say of it
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            yield _row(name, peer, ours, None, stages, reason)


def total(peer: str, rows: Sequence[Row]) -> Row:
    """All of ``rows`` together."""
    ours = Seconds(sum(row.ours_s for row in rows), sum(row.ours_cpu_s for row in rows))
    theirs = Seconds(sum(row.peer_s or 0.0 for row in rows), sum(row.peer_cpu_s or 0.0 for row in rows))
    stages = {stage: round(sum(row.stages[stage] for row in rows), 3) for stage in (rows[0].stages if rows else ())}
    return _row(TOTAL, peer, ours, theirs if rows else None, stages, "" if rows else "exported nothing")


def export(model: torch.nn.Module, sampling: Sampling, folder: Path, peer: str) -> None:
    """One ONNX file of ``model``, by the exporter that ``peer`` names, for any batch, height and width."""
    height, width = next((size for size in sampling.sizes if size[0] != size[1]), sampling.sizes[0])
    inputs = seeded_inputs(sampling, Size(2, height, width), "export")
    axes = {
        i.name: {axis: str(size) for axis, size in enumerate(i.shape) if isinstance(size, Expr)}
        for i in sampling.inputs
    }
    options: dict[str, Any]
    if peer == PEERS[0]:
        dynamic = torch.export.Dim.DYNAMIC
        options = {"dynamo": True, "dynamic_shapes": tuple(dict.fromkeys(axes[name], dynamic) for name in axes)}
    else:
        options = {"dynamo": False, "input_names": list(axes), "dynamic_axes": axes}
    with _silence():
        torch.onnx.export(model, tuple(inputs.values()), str(folder / "model.onnx"), **options)


def timed(call: Callable[[Path], None]) -> Seconds:
    """What ``call`` takes, which gets an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter(), time.process_time()
        call(Path(folder))
        return Seconds(time.perf_counter() - started[0], time.process_time() - started[1])


def _row(name: str, peer: str, ours: Seconds, theirs: Seconds | None, stages: dict[str, float], error: str = "") -> Row:
    def ratio(a: float, b: float | None) -> float | None:
        return None if b is None else round(a / b, 3)

    wall, cpu = (None, None) if theirs is None else (round(theirs.wall, 3), round(theirs.cpu, 3))
    return Row(
        network=name,
        peer=peer,
        ratio=ratio(ours.wall, wall),
        ours_s=round(ours.wall, 3),
        peer_s=wall,
        ratio_cpu=ratio(ours.cpu, cpu),
        ours_cpu_s=round(ours.cpu, 3),
        peer_cpu_s=cpu,
        stages=dict(stages),
        error=error,
    )


def _warm_up() -> None:
    """Imports and caches of both sides, on the smallest of networks: a process converts many."""
    model = torch.nn.Conv2d(3, 4, 3).eval()
    sampling = Sampling.image()
    timed(lambda folder: toplatform(model, folder / "bundle", sampling=sampling) and None)
    for peer in PEERS:
        timed(lambda folder, p=peer: export(model, sampling, folder, p))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Exporters print their progress and warn of what is not asked of them."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


if __name__ == "__main__":
    main()
