"""What is fuzzed: for each target its seeds, a mutation that suits it, and the property that must hold for any bytes.

The properties are those of the reader: bytes are read into a value that writes back to the same bytes, or refused with one
line that names the file; nothing else is ever raised. Time and memory are the runner's to watch.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from mcore.platform.errors import FormatError, PlatformError
from mcore.platform.format import (
    graph_from_bytes,
    graph_to_bytes,
    manifest_from_bytes,
    manifest_to_bytes,
    read_bundle,
    sample_from_bytes,
    tensors_from_bytes,
    tensors_to_bytes,
)
from mcore.platform.runtime import Model
from tests.fuzz import graphs
from tests.mcore.platform.format import hostile
from tests.mcore.platform.format.networks import rich_bundle, small_bundle

SAMPLE = "8x8"


@dataclass(frozen=True)
class Target:
    name: str
    seeds: Callable[[], list[bytes]]
    mutate: Callable[[bytes, Random], bytes]
    check: Callable[[bytes], None]


def refused_well(error: FormatError, *files: str) -> None:
    """Fail unless the error is one printable line that begins with one of ``files``."""
    graphs.one_line(error)
    assert str(error).startswith(files), str(error)


@cache
def bundles() -> list[dict[str, bytes]]:
    """The files of two whole bundles: a small one, and one with everything that a graph may have."""
    with tempfile.TemporaryDirectory() as folder:
        small_bundle(Path(folder, "small"))
        rich_bundle(Path(folder, "rich"))
        return [hostile.read_files(Path(folder, name)) for name in ("small", "rich")]


def packed(files: dict[str, bytes]) -> bytes:
    """Many files as one input."""
    return json.dumps({name: data.decode("latin-1") for name, data in files.items()}).encode()


def unpacked(data: bytes) -> dict[str, bytes]:
    """What :func:`packed` packed; raises ``ValueError`` or one like it for anything else."""
    return {name: text.encode("latin-1") for name, text in json.loads(data).items()}


def check_graph(data: bytes) -> None:
    try:
        graph = graph_from_bytes(data)
    except FormatError as error:
        refused_well(error, "graph.json")
    else:
        assert graph_to_bytes(graph) == data


def check_manifest(data: bytes) -> None:
    try:
        manifest = manifest_from_bytes(data)
    except FormatError as error:
        refused_well(error, "manifest.json")
    else:
        assert manifest_to_bytes(manifest) == data


def check_tensors(data: bytes) -> None:
    try:
        found = tensors_from_bytes(data)
    except FormatError as error:
        refused_well(error, "weights.safetensors")
    else:
        again = tensors_from_bytes(tensors_to_bytes(found.tensors, found.metadata))
        assert again.metadata == found.metadata
        assert {n: v.tobytes() for n, v in again.tensors.items()} == {n: v.tobytes() for n, v in found.tensors.items()}


def check_sample(data: bytes) -> None:
    try:
        sample = sample_from_bytes(SAMPLE, data)
    except FormatError as error:
        refused_well(error, f"samples/{SAMPLE}.safetensors")
    else:
        assert sample.name == SAMPLE


def check_bundle(data: bytes) -> None:
    try:
        files = unpacked(data)
    except (ValueError, AttributeError):
        return
    if not all(_FILE.fullmatch(name) for name in files):
        return  # the container of this target, not a bundle
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "net")
        folder.mkdir()
        hostile.write_files(folder, files)
        read_and_run(folder)


def read_and_run(folder: Path) -> None:
    """Read the bundle in ``folder``; what can be read means what it says, and can be planned and run, or is refused."""
    try:
        bundle = read_bundle(folder)
    except FormatError as error:
        refused_well(error, *_NAMES, *(path.name for path in folder.iterdir()))
        return
    assert graph_to_bytes(bundle.graph) == (folder / "graph.json").read_bytes()
    assert manifest_to_bytes(bundle.manifest) == (folder / "manifest.json").read_bytes()
    model = Model(bundle.graph, bundle.weights)
    for sample in bundle.samples:
        try:
            outputs = model.run(sample.inputs)
        except PlatformError as error:
            graphs.one_line(error)
        else:
            assert {n: v.shape for n, v in outputs.items()} == {n: v.shape for n, v in sample.outputs.items()}


def mutate_bundle(data: bytes, random: Random) -> bytes:
    files = unpacked(data)
    name = random.choice(sorted(files))
    if name == "manifest.json":
        files[name] = hostile.resealed_manifest(files[name], random)
    elif name == "graph.json" and random.random() < 0.5:
        files[name] = graphs.with_sound_types(files[name], random)
    else:
        files[name] = hostile.mutated(name, files[name], random)
    if name != "manifest.json" and random.random() < 0.9:
        files["manifest.json"] = hostile.sealed(files)
    return packed(files)


def _mutation(name: str) -> Callable[[bytes, Random], bytes]:
    return lambda data, random: hostile.mutated(name, data, random)


def _mutate_manifest(data: bytes, random: Random) -> bytes:
    return hostile.resealed_manifest(data, random) if random.random() < 0.7 else hostile.by_bytes(data, random)


_NAMES = ("manifest.json", "graph.json", "weights.safetensors", "samples")
_FILE = re.compile(r"(manifest|graph)\.json|weights\.safetensors|samples/[0-9]{1,4}x[0-9]{1,4}\.safetensors")

TARGETS = {
    target.name: target
    for target in (
        Target("graph", lambda: [b["graph.json"] for b in bundles()], _mutation("graph.json"), check_graph),
        Target("manifest", lambda: [b["manifest.json"] for b in bundles()], _mutate_manifest, check_manifest),
        Target("tensors", lambda: [b["weights.safetensors"] for b in bundles()], _mutation("weights"), check_tensors),
        Target(
            "sample", lambda: [b[f"samples/{SAMPLE}.safetensors"] for b in bundles()], _mutation(SAMPLE), check_sample
        ),
        Target("bundle", lambda: [packed(b) for b in bundles()], mutate_bundle, check_bundle),
        Target("program", lambda: [graphs.document_of(e) for e in graphs.examples()], graphs.mutated, graphs.check),
    )
}
