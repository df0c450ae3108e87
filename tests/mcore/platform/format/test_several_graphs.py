"""Bundles of a network that branches on sizes: several graphs, one file of weights, and no graph that nobody needs."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcore.platform.bundle import FileEntry
from mcore.platform.dims import symbol
from mcore.platform.errors import FormatError
from mcore.platform.format import (
    canonical,
    graph_meaning,
    limits,
    manifest_to_bytes,
    read_bundle,
    write_bundle,
)
from mcore.platform.format.manifest import graph_file, graph_index, manifest_from_bytes, size_limit
from mcore.platform.graph import Graph, Guard
from tests.mcore.platform.format.hostile import fitting_identity
from tests.mcore.platform.format.networks import Builder, sample_of, weights_of

SIZES = ((1, 8, 8), (2, 8, 12), (1, 9, 11))


def network(relation: str, channels: int, name: str = "out") -> Graph:
    """A convolution of which the stem's weight is common to all; ``channels`` tells the graphs apart."""
    b = Builder()
    v = b.node("conv2d", "x", b.weight("stem.weight", 4, 3, 3, 3), module="stem", source="Conv2d", padding=1)
    v = b.node("conv2d", v, b.weight(f"body{channels}.weight", channels, 4, 1, 1), module="body", source="Conv2d")
    v = b.node("mean", v, dim=(1,), keepdim=True)
    return b.graph(guards=(Guard(relation, symbol("H"), 8, "net.py: if h > 8:"),), **{name: v})


LARGE, SMALL = network(">", 5), network("<=", 2)
GRAPHS = (LARGE, SMALL)
WEIGHTS = weights_of(LARGE) | weights_of(SMALL)
SAMPLES = [sample_of(LARGE if size[1] > 8 else SMALL, *size, seed=i) for i, size in enumerate(SIZES)]


def write(folder: Path, **changes):
    return write_bundle(
        folder, **{"graph": GRAPHS, "weights": WEIGHTS, "samples": SAMPLES, "kind": "network"} | changes
    )


@pytest.fixture(scope="module")
def pristine(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("several") / "net"
    write(folder)
    return folder


@pytest.fixture
def folder(pristine, tmp_path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "net"))


def signed(folder: Path) -> None:
    """Let the manifest say what is in the folder, as someone would who means harm."""
    manifest = manifest_from_bytes((folder / "manifest.json").read_bytes())
    names = [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json"]
    files = {
        n: FileEntry(hashlib.sha256((folder / n).read_bytes()).hexdigest(), (folder / n).stat().st_size) for n in names
    }
    identity = fitting_identity({n: (folder / n).read_bytes() for n in names})
    (folder / "manifest.json").write_bytes(manifest_to_bytes(replace(manifest, files=files, identity=identity)))


def test_it_comes_back_in_order_with_one_file_of_weights(pristine):
    bundle = read_bundle(pristine)
    assert sorted(p.name for p in pristine.iterdir()) == [
        "graph.1.json",
        "graph.json",
        "manifest.json",
        "samples",
        "weights.safetensors",
    ]
    assert [graph.guards for graph in bundle.graphs] == [LARGE.guards, SMALL.guards]
    assert sorted(bundle.weights) == ["body2.weight", "body5.weight", "stem.weight"]
    assert [bundle.graphs.index(bundle.graph_for(sample.inputs)) for sample in bundle.samples] == [1, 1, 0]
    with pytest.raises(ValueError, match="too many values"):
        _ = bundle.graph
    assert [list(g.outputs) for g in bundle.fetching(["v0"])] == [["v0"], ["v0"]]


def test_the_identity_of_the_graphs_is_that_of_all_in_their_order(pristine, tmp_path):
    manifest = read_bundle(pristine).manifest
    names = ("graph.json", "graph.1.json")
    listing = "".join(f"{graph_meaning((pristine / name).read_bytes())}  {name}\n" for name in names)
    assert manifest.identity.graph == hashlib.sha256(listing.encode()).hexdigest()
    turned = write(tmp_path / "turned", graph=GRAPHS[::-1]).identity
    assert turned.graph != manifest.identity.graph
    assert (turned.weights, turned.samples) == (manifest.identity.weights, manifest.identity.samples)


def test_a_list_of_one_graph_is_that_graph(tmp_path):
    samples = [sample for sample in SAMPLES if sample.name == "9x11"]
    one = write(tmp_path / "one", graph=LARGE, weights=weights_of(LARGE), samples=samples)
    listed = write(tmp_path / "listed", graph=[LARGE], weights=weights_of(LARGE), samples=samples)
    assert one.identity == listed.identity
    assert one.identity.graph == graph_meaning((tmp_path / "one" / "graph.json").read_bytes())


@pytest.mark.parametrize(
    ("message", "changes"),
    [
        ("graph.json: 0 graphs, a bundle has 1 to 64", {"graph": (), "weights": {}, "samples": []}),
        ("graph.json: serves no sample", {"samples": SAMPLES[:2]}),
        ("graph.1.json: serves no sample", {"graph": (replace(LARGE, guards=()), SMALL)}),
        ("graph.1.json: outputs: the outputs are not those of graph.json", {"graph": (LARGE, network("<=", 2, "y"))}),
        ("weights.safetensors: weight 'body2.weight' is not in graph.json", {"graph": LARGE, "samples": SAMPLES[2:]}),
        (
            "weights.safetensors: weight 'body2.weight' is float64[2, 4, 1, 1], graph.1.json says float32[2, 4, 1, 1]",
            {"weights": {**WEIGHTS, "body2.weight": np.zeros((2, 4, 1, 1))}},
        ),
        (
            "samples/10x9.safetensors: none of the 2 graphs takes x (1, 3, 10, 9): ",
            {"graph": (network("==", 5), SMALL), "samples": [sample_of(LARGE, 1, 10, 9)]},
        ),
        (
            "graph.1.json: nodes[2] (mean, root): output 'v2' is declared",
            {"graph": (LARGE, replace(SMALL, types={**SMALL.types, "v2": SMALL.types["v1"]}))},
        ),
        (
            "graph.1.json: inputs: the inputs are not those of graph.json",
            {"graph": (LARGE, replace(SMALL, inputs={"y": SMALL.inputs["x"]}))},
        ),
    ],
)
def test_graphs_that_do_not_belong_together_are_not_written(message, changes, tmp_path):
    with pytest.raises(FormatError) as refused:
        write(tmp_path / "net", **changes)
    assert str(refused.value).startswith(message)
    assert not (tmp_path / "net").exists()


def test_a_damaged_graph_is_named_by_its_file(folder):
    path = folder / "graph.1.json"
    path.write_text(path.read_text().replace('"dim":[1]', '"dim":[9]'))
    with pytest.raises(FormatError, match=r"^graph\.1\.json: the sha256 is not the manifest's"):
        read_bundle(folder)
    signed(folder)
    with pytest.raises(FormatError, match=r"^graph\.1\.json: nodes\[2\] \(mean, root\): "):
        read_bundle(folder)


def test_a_graph_missing_in_between_is_refused(folder):
    (folder / "graph.1.json").rename(folder / "graph.2.json")
    with pytest.raises(FormatError, match=r"graph\.1\.json: missing"):
        read_bundle(folder)
    signed_bytes = json.loads((folder / "manifest.json").read_text())
    signed_bytes["files"]["graph.2.json"] = signed_bytes["files"].pop("graph.1.json")
    fields = {k: v for k, v in signed_bytes.items() if k != "checksum"}
    checksum = hashlib.sha256(canonical.document(fields)).hexdigest()
    with pytest.raises(FormatError, match=r"files: graph\.1\.json is missing"):
        manifest_from_bytes(canonical.document({**fields, "checksum": checksum}))


def test_a_graph_that_was_added_behind_the_others_is_refused(folder):
    shutil.copy(folder / "graph.1.json", folder / "graph.2.json")
    with pytest.raises(FormatError, match=r"graph\.2\.json: not listed in the manifest"):
        read_bundle(folder)
    signed(folder)
    with pytest.raises(FormatError, match=r"graph\.2\.json: serves no sample"):
        read_bundle(folder)


def test_a_bundle_of_several_graphs_is_replaced_by_one(folder):
    samples = [sample for sample in SAMPLES if sample.name == "9x11"]
    write(folder, graph=LARGE, weights=weights_of(LARGE), samples=samples, overwrite=True)
    assert not (folder / "graph.1.json").exists()


@pytest.mark.parametrize("index", [0, 1, 9, 63])
def test_names_of_graphs(index):
    assert graph_index(graph_file(index)) == index
    assert size_limit(graph_file(index)) == limits.GRAPH_BYTES


@pytest.mark.parametrize(
    "file", ["graph.0.json", "graph.01.json", "graph.64.json", "graph.100.json", "graph..json", "graph.1", "Graph.json"]
)
def test_other_names_are_no_graph(file):
    assert graph_index(file) is None
