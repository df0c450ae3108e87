"""A vendor's own binary as a device: called with folders, by the file protocol of :mod:`workers.exchange`."""

from __future__ import annotations

import shutil
import signal
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mcore.platform.bundle import Bundle
from mcore.platform.errors import FormatError
from mcore.platform.format import graph_to_bytes, tensors_from_bytes, tensors_to_bytes
from mcore.platform.graph import Graph
from workers.driver import DeviceCrashed, DeviceOutOfMemory, LoadRejected, Placement
from workers.drivers import check_keys
from workers.drivers.sizes import number_for
from workers.exchange import (
    GRAPH,
    INPUTS,
    OUTPUTS,
    REQUEST,
    RESULT,
    SCHEMA,
    WEIGHTS,
    ExchangeError,
    Request,
    Result,
    read_result,
)
from workers.transports import TEMPLATES, Transport, check_command

#: Seconds that one call may take, unless the profile says otherwise.
TIME_S = 120.0
#: Where folders are put on a device that is not this machine.
_FOLDERS = {"local": "", "ssh": "/tmp", "adb": "/data/local/tmp"}  # noqa: S108  (the device's own scratch folder)


class CommandSession:
    """A network that lies on the device; each run is a call of the binary."""

    def __init__(self, calls: _Calls, graphs: Sequence[Graph], weights: Mapping[str, np.ndarray]) -> None:
        self._calls, self._graphs = calls, tuple(graphs)
        self._result: Result | None = None
        used = {name for graph in graphs for name in graph.weights}
        files = {GRAPH.format(i): graph_to_bytes(graph) for i, graph in enumerate(graphs)}
        files[WEIGHTS] = tensors_to_bytes({name: weights[name] for name in sorted(used)})
        self._network = calls.place("network", files)

    def run(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Outputs by name, as many as the binary wrote."""
        number = number_for(self._graphs, inputs)
        request = Request(
            SCHEMA,
            "run",
            graph=f"../{self._network}/{GRAPH.format(number)}",
            weights=f"../{self._network}/{WEIGHTS}",
            inputs=INPUTS,
            outputs=OUTPUTS,
        )
        given = {name: np.asarray(value, order="C") for name, value in inputs.items()}
        self._result, files = self._calls(request, {INPUTS: tensors_to_bytes(given, file=INPUTS)}, {OUTPUTS})
        try:
            return dict(tensors_from_bytes(files[OUTPUTS], file=OUTPUTS).tensors)
        except FormatError as error:
            raise ExchangeError(f"the binary's outputs cannot be read: {error}") from error

    @property
    def run_ms(self) -> float | None:
        """How long the last run took by the device's own clock, if it says so."""
        return self._result.run_ms if self._result else None

    def placement(self) -> Placement | None:
        """Where the ops of the last run were, if the binary says so."""
        if self._result is None or self._result.accelerated is None:
            return None
        return Placement(self._result.accelerated, tuple(self._result.fallen_back))

    def close(self) -> None:
        """Remove the network from the device."""
        self._graphs = ()
        self._calls.forget(self._network)


class CommandDriver:
    """The driver of a vendor's binary.

    Profile: ``command`` (the binary and its arguments; the folder of a call comes behind), ``transport`` (local, ssh or adb),
    ``unit`` (the host or serial number of the last two), ``folder`` (for scratch files there), ``time_s`` (of one call),
    ``push``, ``run`` and ``pull`` (commands in place of the transport's own), ``precision`` (what the binary computes in).
    """

    def __init__(self, profile: Mapping[str, Any]) -> None:
        check_keys(profile, ("command", "transport", "unit", "folder", "time_s", "push", "run", "pull", "precision"))
        self._precision = profile.get("precision", "float32")
        if self._precision not in ("float32", "float16", "bfloat16", "int8"):
            raise ValueError(f"precision: must be float32, float16, bfloat16 or int8, not {self._precision!r}")
        self._calls = _Calls(_words(profile, "command"), _transport(profile))
        self._described: Mapping[str, str] | None = None

    def fingerprint(self) -> Mapping[str, str]:
        """What the binary says of itself; it is asked once."""
        if self._described is None:
            told, _ = self._calls(Request(SCHEMA, "describe"), {}, set())
            if not told.fingerprint:
                raise ExchangeError(f"{RESULT}: the binary gives no fingerprint")
            self._described = {**told.fingerprint, "driver": "command", "precision": self._precision}
        return self._described

    def unsupported(self, graph: Graph) -> Sequence[str]:
        """The ops that the binary says it lacks."""
        request = Request(SCHEMA, "check", graph=GRAPH.format(0))
        told, _ = self._calls(request, {GRAPH.format(0): graph_to_bytes(graph)}, set())
        return sorted(told.lacking)

    def load(self, bundle: Bundle, fetch: Sequence[str] | None = None) -> CommandSession:
        """Put the network on the device; the binary itself loads it in each call."""
        graphs = bundle.graphs if fetch is None else bundle.fetching(fetch)
        return CommandSession(self._calls, graphs, bundle.weights)


class _Calls:
    """Calls of one binary; folders of this process are removed when it ends."""

    def __init__(self, command: Sequence[str], transport: Transport) -> None:
        self._command, self._transport = command, transport
        self._home = Path(tempfile.mkdtemp(prefix="farm-exchange-"))
        weakref.finalize(self, shutil.rmtree, self._home, ignore_errors=True)
        self._count = 0

    def place(self, kind: str, files: Mapping[str, bytes]) -> str:
        """A folder with ``files`` on the device; returns its name there."""
        folder = self._folder(kind, files)
        self._transport.place(folder)
        return folder.name

    def __call__(
        self, request: Request, files: Mapping[str, bytes], wanted: set[str]
    ) -> tuple[Result, Mapping[str, bytes]]:
        """The binary's result, and the files that it was to write.

        Raises:
            LoadRejected, DeviceOutOfMemory: the binary says so.
            DeviceCrashed: it ended without a result.
            ExchangeError: what it wrote is not what the protocol says.
        """
        folder = self._folder("call", {**files, REQUEST: msgspec.json.encode(request)})
        back = self._home / "back"
        try:
            remote = self._transport.place(folder)
            ended = self._transport.run(self._command, remote)
            if ended.code:
                said = f": {ended.said}" if ended.said else ""
                raise DeviceCrashed(f"{self._command[0]} {_how(ended.code)}{said}")
            back.mkdir(exist_ok=True)
            return self._read(self._transport.fetch(remote, back), wanted)
        finally:
            self.forget(folder.name)
            shutil.rmtree(back, ignore_errors=True)

    def forget(self, name: str) -> None:
        """Remove a folder of this process, and what it is on the device."""
        folder = self._home / name
        self._transport.remove(self._transport.path(folder))
        shutil.rmtree(folder, ignore_errors=True)

    def _read(self, found: Path, wanted: set[str]) -> tuple[Result, Mapping[str, bytes]]:
        result = read_result(_read(found / RESULT))
        if result.status == "rejected":
            raise LoadRejected(result.message or "the binary gives no reason")
        if result.status == "out_of_memory":
            raise DeviceOutOfMemory(result.message or "the binary says so")
        return result, {name: _read(found / name) for name in wanted}

    def _folder(self, kind: str, files: Mapping[str, bytes]) -> Path:
        # The name is of this process alone: units of one host may share a folder on the device.
        self._count += 1
        folder = self._home / f"{self._home.name}-{kind}-{self._count}"
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return folder


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ExchangeError(f"the binary wrote no {path.name}: {error.strerror}") from error


def _how(code: int) -> str:
    """How a process ended; a shell tells a signal by 128 and its number."""
    number = -code if code < 0 else code - 128
    try:
        return f"died of {signal.Signals(number).name}"
    except ValueError:
        return f"ended with exit code {code}"


def _words(profile: Mapping[str, Any], key: str) -> tuple[str, ...]:
    words = profile.get(key)
    if not isinstance(words, list | tuple) or not words or not all(isinstance(word, str) for word in words):
        raise ValueError(f"{key}: must be a list of words, the program first")
    return tuple(words)


def _transport(profile: Mapping[str, Any]) -> Transport:
    name, unit, time_s = profile.get("transport", "local"), profile.get("unit", ""), profile.get("time_s", TIME_S)
    if name not in TEMPLATES:
        raise ValueError(f"transport: must be {', '.join(TEMPLATES)}, not {name!r}")
    if not isinstance(unit, str) or (name != "local" and not unit):
        raise ValueError(f"unit: transport {name} needs the name of a unit")
    if isinstance(time_s, bool) or not isinstance(time_s, int | float) or not time_s > 0:
        raise ValueError(f"time_s: must be a positive number, not {time_s!r}")
    folder = profile.get("folder", _FOLDERS[name])
    if not isinstance(folder, str):
        raise ValueError(f"folder: must be a path, not {folder!r}")
    own = {key: _words(profile, key) for key in ("push", "run", "pull") if key in profile}
    if own and name == "local":
        raise ValueError(f"{next(iter(own))}: transport local has no such command")
    for key, words in own.items():
        check_command(key, words)
    return Transport(name, unit, folder.rstrip("/"), float(time_s), {**TEMPLATES[name], **own})
