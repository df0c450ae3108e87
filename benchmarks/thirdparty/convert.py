"""One network of the catalogue converted, in a child process within limits."""

from __future__ import annotations

import multiprocessing
import resource
import warnings
from dataclasses import replace
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

import mcore
from benchmarks.thirdparty.build import build
from benchmarks.thirdparty.row import Row
from benchmarks.thirdparty.sizes import sampling_of
from mcore.convert import Conversion, ConversionError, ModelFailed
from mcore.toolchain import toolchain
from workers.outcome import Outcome

#: Processes are forked from one that has torch, torchvision and timm in memory already.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["benchmarks.thirdparty.preload"])


def convert_in_child(architecture: str, folder: Path, *, time_s: float, memory_bytes: int) -> tuple[Row, str]:
    """The row of a network and the identity of its bundle in ``folder``, ``""`` where there is none."""
    here, there = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_child, args=(architecture, folder, memory_bytes, there), daemon=True)
    child.start()
    there.close()
    try:
        if here.poll(time_s):
            row, identity = here.recv()
            return row, identity
        what = f"the conversion takes longer than {time_s:g} s"
    except EOFError:
        child.join()
        what = f"the conversion's process ended by itself with code {child.exitcode}"
    finally:
        child.kill()
        child.join()
    return Row(architecture, Outcome.CONVERT_FAILED.value, what, "Limit"), ""


def _child(architecture: str, folder: Path, memory_bytes: int, there: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    there.send(converted(architecture, folder))


def converted(architecture: str, folder: Path) -> tuple[Row, str]:
    """Build, calibrate and convert a network by the pipeline that every architecture of the farm takes."""
    row = Row(architecture, Outcome.CONVERT_FAILED.value, versions=_versions())
    try:
        model, native = build(architecture)
        model.eval()
        row = replace(row, parameters=sum(p.numel() for p in model.parameters()))
        sampling, takes = sampling_of(model, native)
        row = replace(row, takes=takes, sizes=tuple(f"{h}x{w}" for h, w in sampling.sizes))
        done = mcore.toplatform(
            model, folder, sampling=sampling, architecture=architecture, kind="network", weights="calibrated"
        )
    except ModelFailed as error:
        return replace(row, outcome=Outcome.MODEL_FAILED.value, reason=str(error), error="ModelFailed"), ""
    except ConversionError as error:
        return replace(row, reason=str(error), error=type(error).__name__), ""
    except Exception as error:  # a fault of the converter: it is listed like any other result
        text = " ".join(str(error).split())
        return replace(row, reason=f"{type(error).__name__}: {text}", error=type(error).__name__), ""
    row = replace(row, convert_s=round(sum(done.report.seconds.values()), 2), **_shape(done))
    return row, str(done.manifest.identity)


def _shape(done: Conversion) -> dict[str, Any]:
    """What the bundle holds; nodes are those of its largest graph."""
    report = done.report.capture
    return {
        "graphs": len(report.variants),
        "fallback": report.fallback,
        "guards": len(report.guards),
        "nodes": max(variant.nodes for variant in report.variants),
    }


def _versions() -> dict[str, str]:
    return {**toolchain(), **{name: version(name) for name in ("torchvision", "timm")}}
