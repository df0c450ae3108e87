"""What a graph computes and a sample shows, as hashes: those of their files without the source map.

A source map says where in a model's code something came from: module paths and class names of nodes, files and lines of guards,
and the names of values, which are made of module paths. It changes with every line that is put above it and with every module
that is renamed, and nothing is computed otherwise for it. So it is in the files, and whoever damages it is found out, but it is
no part of a bundle's identity.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from mcore.platform.bundle import Sample
from mcore.platform.format import canonical


def graph_meaning(data: bytes | memoryview) -> str:
    """The sha256 (hex) of what a graph's file (its canonical bytes) means: :func:`meant`, each guard as a line."""
    said = meant(data)
    return hashlib.sha256(canonical.document({**said, "guards": list(map(canonical.line, said["guards"]))})).hexdigest()


def meant(data: bytes | memoryview) -> dict[str, Any]:
    """A graph's file (its canonical bytes) as plain data without the source map.

    Values are numbered in the order in which nodes define them. Guards that only differ in where they were asked for are one,
    and their order means nothing: all of them must hold.
    """
    said = json.loads(bytes(data))
    numbers = {v["name"]: i for i, v in enumerate(v for node in said["nodes"] for v in node["outputs"])}
    nodes = [_computation(node, numbers) for node in said["nodes"]]
    outputs = [{**output, "value": numbers.get(output["value"], output["value"])} for output in said["outputs"]]
    guards = {canonical.line(guard): guard for guard in (_without(guard, "source") for guard in said["guards"])}
    return {**said, "nodes": nodes, "outputs": outputs, "guards": [guards[line] for line in sorted(guards)]}


def sample_meaning(sample: Sample) -> str:
    """The sha256 (hex) of a sample: inputs, golden outputs and figures by name, digests without the names of their values."""
    hashed = hashlib.sha256()
    for group in (sample.inputs, sample.outputs):
        for name in sorted(group):
            hashed.update(canonical.line([name, group[name].dtype.str, list(group[name].shape)]).encode())
            hashed.update(_bytes(group[name]))
    hashed.update(canonical.line([dict(sample.sensitivity), dict(sample.noise_floor)]).encode())
    for digest in sorted(value.tobytes() for value in sample.digests.values()):
        hashed.update(digest)
    return hashed.hexdigest()


def _computation(node: dict[str, Any], numbers: Mapping[str, int]) -> dict[str, Any]:
    """A node without its place in the code; inputs that are no node's stay names, which numbers never equal."""
    inputs = [name if name is None else numbers.get(name, name) for name in node["inputs"]]
    outputs = [_without(output, "name") for output in node["outputs"]]
    return {**_without(node, "module", "source"), "inputs": inputs, "outputs": outputs}


def _without(item: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in names}


def _bytes(value: np.ndarray) -> memoryview:
    return np.ascontiguousarray(value).reshape(-1).view(np.uint8).data
