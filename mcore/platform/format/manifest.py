"""``manifest.json``: what a bundle holds and where it comes from, as canonical JSON with a checksum of itself.

The checksum is the sha256 of the canonical bytes of all the other fields, so that a flipped byte anywhere in the file is seen.
Files are named ``graph.json``, ``weights.safetensors`` and ``samples/<H>x<W>.safetensors``; further graphs ``graph.1.json``,
``graph.2.json`` and so on, without a gap. No other name exists.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mcore.platform.bundle import FileEntry, Identity, Manifest
from mcore.platform.errors import FormatError
from mcore.platform.format import canonical, limits
from mcore.platform.format.typed import Item

FILE = "manifest.json"
GRAPH = "graph.json"
WEIGHTS = "weights.safetensors"
SAMPLES = "samples"
SCHEMA = "platform-manifest/2"

_GRAPH_NAME = re.compile(r"graph(?:\.([1-9][0-9]?))?\.json", re.ASCII)
_SAMPLE_NAME = re.compile(r"[1-9][0-9]{0,5}x[1-9][0-9]{0,5}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FIELDS = (
    "architecture",
    "kind",
    "identity",
    "files",
    "constructor",
    "parts",
    "layers",
    "toolchain",
    "commit",
    "closure",
    "passed",
    "report",
)


def sample_file(name: str) -> str:
    """The file of sample ``name``; raises :class:`FormatError` unless the name is ``<H>x<W>``."""
    if not _SAMPLE_NAME.fullmatch(name):
        raise FormatError(f"sample {name[:40]!r} is not named <H>x<W>", where=SAMPLES)
    return f"{SAMPLES}/{name}.safetensors"


def sample_name(file: str) -> str | None:
    """The sample that ``file`` holds, ``None`` if it is no sample's."""
    name = file.removeprefix(f"{SAMPLES}/").removesuffix(".safetensors")
    return name if _SAMPLE_NAME.fullmatch(name) and file == sample_file(name) else None


def graph_file(index: int) -> str:
    """The file of graph ``index``: ``graph.json``, then ``graph.1.json`` and so on."""
    return f"graph.{index}.json" if index else GRAPH


def graph_index(file: str) -> int | None:
    """Which graph ``file`` holds, ``None`` if it is no graph's."""
    found = _GRAPH_NAME.fullmatch(file)
    index = int(found[1] or 0) if found else limits.GRAPHS
    return index if index < limits.GRAPHS else None


def graph_files(files: Mapping[str, FileEntry]) -> list[str]:
    """The files of the graphs among ``files``, in order."""
    found = {index: file for file in files if (index := graph_index(file)) is not None}
    return [found[index] for index in sorted(found)]


def size_limit(file: str) -> int:
    """The most bytes that a file of that name may have."""
    if graph_index(file) is not None:
        return limits.GRAPH_BYTES
    return limits.WEIGHTS_BYTES if file == WEIGHTS else limits.SAMPLE_BYTES


def identity_of(graphs: Sequence[str], weights: str, samples: Mapping[str, str]) -> Identity:
    """The identity that the parts make.

    Args:
        graphs: meanings of the graphs, in order (:func:`.meaning.graph_meaning`).
        weights: sha256 of the weights' file.
        samples: meanings of the samples, by name (:func:`.meaning.sample_meaning`).

    That of samples is the sha256 of what ``sha256sum *`` would print if a file's hash were its meaning, and so is that of
    several graphs; a single one's is its own.
    """
    named = [f"{meaning}  {graph_file(index)}\n" for index, meaning in enumerate(graphs)]
    listed = [f"{samples[name]}  {name}.safetensors\n" for name in sorted(samples)]
    return Identity(graphs[0] if len(graphs) == 1 else _sha256_of(named), weights, _sha256_of(listed))


def _sha256_of(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def manifest_to_bytes(manifest: Manifest) -> bytes:
    """The bytes of ``manifest.json``; raises :class:`FormatError` for what is not plain data."""
    fields = {name: getattr(manifest, name) for name in _FIELDS}
    fields["identity"] = asdict(manifest.identity)
    fields["files"] = {name: asdict(entry) for name, entry in manifest.files.items()}
    fields = {name: canonical.plain(value, where=f"{FILE}: {name}") for name, value in fields.items()}
    fields["schema"] = SCHEMA
    return canonical.document({**fields, "checksum": _checksum(fields)})


def manifest_from_bytes(data: bytes | memoryview) -> Manifest:
    """Read ``manifest.json``. That its identity is that of graphs and samples too shows when they are read.

    Raises:
        FormatError: not a manifest of this version, not canonical, changed since it was written, or at odds with itself.
    """
    root = Item(canonical.parse(data, where=FILE, limit=limits.MANIFEST_BYTES), FILE)
    if not isinstance(root.value, dict) or root.value.get("schema") != SCHEMA:
        root.refuse("not a manifest, or of another version", f"this Platform reads {SCHEMA}")
    fields = root.record((*_FIELDS, "schema", "checksum"))
    root.plain()
    if fields["checksum"].value != _checksum({k: v for k, v in root.value.items() if k != "checksum"}):
        root.refuse("the checksum does not match: the file was damaged or changed by hand")
    if canonical.document(root.value) != bytes(data):
        root.refuse("not in canonical form")
    manifest = _read(fields)
    if manifest.identity.weights != manifest.files[WEIGHTS].sha256:
        fields["identity"].refuse("the identity is not that of the files")
    return manifest


def _checksum(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical.document(fields)).hexdigest()


def _read(fields: Mapping[str, Item]) -> Manifest:
    identity = fields["identity"].record(("graph", "weights", "samples"))
    return Manifest(
        architecture=fields["architecture"].text(),
        kind=fields["kind"].text(),
        identity=Identity(*(_sha256(identity[part]) for part in ("graph", "weights", "samples"))),
        files=_files(fields["files"]),
        constructor=_object(fields["constructor"]),
        parts={name: item.text() for name, item in fields["parts"].mapping().items()},
        layers=fields["layers"].each(Item.text),
        toolchain={name: item.text() for name, item in fields["toolchain"].mapping().items()},
        commit=fields["commit"].text(),
        closure=fields["closure"].text(),
        passed={name: item.each(Item.text) for name, item in fields["passed"].mapping().items()},
        report=_object(fields["report"]),
    )


def _files(item: Item) -> dict[str, FileEntry]:
    files = {}
    for name, entry in item.mapping(limits.SAMPLES + limits.GRAPHS + 1).items():
        if name != WEIGHTS and graph_index(name) is None and sample_name(name) is None:
            entry.refuse("a bundle has no file of this name")
        fields = entry.record(("sha256", "size"))
        files[name] = FileEntry(_sha256(fields["sha256"]), fields["size"].integer(0, size_limit(name)))
    graphs = sum(graph_index(name) is not None for name in files)
    for name in (*map(graph_file, range(max(1, graphs))), WEIGHTS):
        if name not in files:
            item.refuse(f"{name} is missing")
    if (samples := sum(sample_name(name) is not None for name in files)) > limits.SAMPLES:
        item.refuse(f"{samples} samples, the limit is {limits.SAMPLES}")
    return files


def _sha256(item: Item) -> str:
    if not isinstance(item.value, str) or not _SHA256.fullmatch(item.value):
        item.refuse("expected a sha256 in hexadecimal")
    return item.value


def _object(item: Item) -> dict[str, Any]:
    if not isinstance(item.value, dict):
        item.refuse("expected an object")
    return dict(item.value)
