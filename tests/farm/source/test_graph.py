"""Nodes, and what is only passed through."""

import pytest

from farm.source.catalogue import Catalogue
from farm.source.graph import Graph, Key, Role, Wildcard, key_of
from farm.source.names import Definition, Dynamic, ModuleItself, Names, Nothing, Outside

FILES = {
    "models/__init__.py": "",
    "models/a.py": """\
from models.b import g
import models.side


class F:
    x = 1

    def m(self):
        return g(open("labels.txt"))
""",
    "models/b.py": "def g(x):\n    return x\n",
    "models/side.py": "import torch\n\ntorch.manual_seed(0)\n",
    "models/any.py": "from importlib import import_module\n\n\ndef load(n):\n    return import_module(f'models.{n}')\n",
    "labels.txt": "a\nb\n",
}


@pytest.fixture
def graph(files):
    tree = files(FILES)
    return Graph(tree, Names(tree, Catalogue().followed()))


def test_a_definition(graph):
    node = graph.node(Key(Role.DEFINITION, "models.a", "F"))
    assert (node.name, node.file, node.line) == ("models.a.F", "models/a.py", 5)
    assert [m.name for m in node.members] == ["x", "m"]
    assert node.links == ("g = models.b.g",)
    assert set(node.edges) == {
        Key(Role.DEFINITION, "models.b", "g"),
        Key(Role.FILE, "", "labels.txt"),
        Key(Role.IMPORT, "models.a"),
    }


def test_a_file(graph, files):
    node = graph.node(Key(Role.FILE, "", "labels.txt"))
    assert (node.name, node.file, node.line, node.edges) == ("labels.txt", "labels.txt", 1, ())
    assert node.own == files(FILES).blob_id("labels.txt")


def test_an_import_is_only_passed_through(graph):
    node = graph.node(Key(Role.IMPORT, "models.a"))
    assert node.own == ""
    assert {k.module for k in node.edges} >= {"models", "models.b", "models.side"}
    assert graph.successors(Key(Role.DEFINITION, "models.a", "F")) == (
        Key(Role.DEFINITION, "models.b", "g"),
        Key(Role.DEFINITION, "models.side", "<module>"),
        Key(Role.FILE, "", "labels.txt"),
    )


def test_nodes_are_made_once(graph):
    key = Key(Role.DEFINITION, "models.a", "F")
    assert graph.node(key) is graph.node(key)


def test_a_wildcard_and_the_edges_that_are_there_for_it_alone(graph):
    node = graph.node(Key(Role.DEFINITION, "models.any", "load"))
    wildcard = Wildcard("models/any.py", 5, "import_module(f'models.{n}')", "models.*")
    assert node.wildcards == (wildcard,)
    assert str(wildcard) == "import_module(f'models.{n}') (models/any.py:5) may reach anything in models.*"
    assert node.through == dict.fromkeys(
        [Key(Role.DEFINITION, "models.a", "F"), Key(Role.DEFINITION, "models.b", "g")], wildcard
    )


def test_a_mechanism_has_no_wildcards(graph):
    node = graph.node(Key(Role.MECHANISM, "models.any", "load"))
    assert node.wildcards == ()
    assert node.own == graph.node(Key(Role.DEFINITION, "models.any", "load")).own


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Definition("a", "b"), Key(Role.DEFINITION, "a", "b")),
        (Dynamic("a", "b"), Key(Role.DYNAMIC, "a", "b")),
        (ModuleItself("a"), None),
        (Outside("a.b"), None),
        (Nothing("a.b"), None),
    ],
)
def test_keys(target, expected):
    assert key_of(target) == expected
