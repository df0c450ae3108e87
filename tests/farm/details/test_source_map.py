from __future__ import annotations

from pathlib import Path

import pytest

from farm.details.source_map import Origin, Place, read_origin, source_map
from farm.source.closure import Closure
from farm.source.table import DefinitionHash
from tests.workers.bundles import Draft, Network
from workers.artifacts import open_store, push_bundle


def definition(file: str, line: int, *members: str) -> DefinitionHash:
    return DefinitionHash(file, line, "h", (), dict.fromkeys(members, "h"), {})


CLOSURE = Closure(
    "models.networks.net",
    "h",
    "c",
    {
        "models.layers.Conv2D": definition("models/layers.py", 3, "forward"),
        "models.old.Conv2D": definition("models/old.py", 7, "__init__"),
        "models.Conv2D": definition("models/__init__.py", 1),  # bound to one of those
        "models.Relu": definition("models/__init__.py", 2),
        "models.networks.net": definition("models/networks.py", 20),
    },
    {},
    (),
    {},
)


@pytest.fixture
def network() -> Network:
    draft = Draft({"x": 3})
    first = draft.conv("x", 4, "stem.conv")
    second = draft.node("relu", first, module="stem.act")
    third = draft.conv(second, 4, "head")
    return draft.network(out=draft.node("add", third, second, module=""))


def test_modules_in_the_order_in_which_they_run(network: Network) -> None:
    found = source_map([network.graph], CLOSURE)
    assert [(m.path, m.source, m.ops) for m in found.modules] == [
        ("stem.conv", "Conv2D", {"conv2d": 1}),
        ("stem.act", "Relu", {"relu": 1}),
        ("head", "Conv2D", {"conv2d": 1}),
        ("", "Add", {"add": 1}),
    ]
    assert found.modules[0].places == (
        Place("models.layers.Conv2D", "models/layers.py", 3),
        Place("models.old.Conv2D", "models/old.py", 7),
    )
    assert [(p.file, p.line) for p in found.modules[1].places] == [("models/__init__.py", 2)]
    assert found.modules[3].places == ()


def test_layers_are_counted_by_their_class_and_nodes_by_their_op(network: Network) -> None:
    found = source_map([network.graph, network.graph], CLOSURE)
    assert [(c.source, c.modules, c.nodes) for c in found.layers] == [("Conv2D", 2, 2), ("Add", 1, 1), ("Relu", 1, 1)]
    assert found.ops == {"conv2d": 2, "add": 1, "relu": 1}
    assert source_map([], None).layers == ()


def test_without_the_code_there_are_modules_and_no_lines(network: Network) -> None:
    assert {module.places for module in source_map([network.graph], None).modules} == {()}


def test_the_origin_of_a_bundle_is_read_from_the_store(network: Network, tmp_path: Path) -> None:
    network.write(tmp_path / "bundle")
    store = open_store(tmp_path / "store")
    manifest = push_bundle(store, tmp_path / "bundle")
    found = read_origin(store, manifest, CLOSURE)
    assert found == Origin(source_map([network.graph], CLOSURE))


def test_what_is_gone_or_damaged_is_said_and_nothing_else(network: Network, tmp_path: Path) -> None:
    network.write(tmp_path / "bundle")
    store = open_store(tmp_path / "store")
    push_bundle(store, tmp_path / "bundle")
    gone = read_origin(store, "a" * 64, CLOSURE)
    assert (gone.map.modules, gone.problem.startswith("artifact aaaa")) == ((), True)
    no_manifest = read_origin(store, store.put(b"{}"), CLOSURE)
    assert no_manifest.problem.startswith("manifest.json")
    assert "\n" not in no_manifest.problem
