"""The file protocol of a vendor's own binary, version 1: what lies in a folder that it is called with.

The binary is called as ``<command> <folder>``, reads ``<folder>/request.json`` and writes ``<folder>/result.json``::

    request.json   {"schema": "farm-exchange/1", "action": "describe" | "check" | "run",
                    "graph": "../network/graph.0.json", "weights": "../network/weights.safetensors",
                    "inputs": "inputs.safetensors", "outputs": "outputs.safetensors"}
    result.json    {"schema": "farm-exchange/1", "status": "ok" | "rejected" | "out_of_memory", "message": "...",
                    "fingerprint": {"driver": ...}, "lacking": ["conv3d", ...],
                    "run_ms": 1.5, "accelerated": 120, "fallen_back": ["topk"]}

Paths are relative to the folder. ``describe`` wants the ``fingerprint`` (texts by name); ``check`` wants ``lacking``, the ops
of ``graph`` that the device has not, each with a reason behind a colon if there is one; ``run`` wants the tensors of the
graph's outputs in ``outputs``, by name. The graph and the tensors are in the Platform's own format (safetensors). ``message``
says why the status is not ``ok``. The exit code is 0 where a result was written. What is not wanted may be left out; keys
beyond these are passed over.
"""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from workers.codec import CodecError, decode

T = TypeVar("T")

SCHEMA: Literal["farm-exchange/1"] = "farm-exchange/1"
REQUEST, RESULT, GRAPH, WEIGHTS = "request.json", "result.json", "graph.{}.json", "weights.safetensors"
INPUTS, OUTPUTS = "inputs.safetensors", "outputs.safetensors"

Action = Literal["describe", "check", "run"]


class ExchangeError(Exception):
    """The binary does not keep the protocol: a matter of the harness, whatever network it was given."""


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the binary is asked."""

    schema: Literal["farm-exchange/1"]
    action: Action
    graph: str = ""
    weights: str = ""
    inputs: str = ""
    outputs: str = ""


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """What it answers; ``run_ms`` is the time of the run alone, as the device measured it."""

    schema: Literal["farm-exchange/1"]
    status: Literal["ok", "rejected", "out_of_memory"]
    message: str = ""
    fingerprint: dict[str, str] = {}
    lacking: list[str] = []
    run_ms: float | None = None
    accelerated: int | None = None
    fallen_back: list[str] = []


def read_result(data: bytes) -> Result:
    """``result.json``; raises :class:`ExchangeError` for anything else, one of more than 4 MiB included."""
    return _read(data, Result, RESULT)


def read_request(data: bytes) -> Request:
    """``request.json``; raises :class:`ExchangeError` for anything else, one of more than 4 MiB included."""
    return _read(data, Request, REQUEST)


def _read(data: bytes, kind: type[T], file: str) -> T:
    try:
        return decode(data, kind, what=file)
    except CodecError as error:
        raise ExchangeError(str(error)) from None
