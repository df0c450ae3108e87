"""String expressions where they stand."""

import ast

import pytest

from farm.source.evaluate import Evaluator, importable
from farm.source.names import Definition

FILES = {
    "models/m.py": """\
import models.homes
from models.homes import HOMES, PACKAGE, TOUCHED
from models.homes import PACKAGE as other

LOCAL = f"{PACKAGE}.local"
TWICE = "a"
TWICE = "b"
if LOCAL:
    MAYBE = "a"
FILLED = {"a": "x"}
FILLED["b"] = "y"
PAIR, _ = "a", "b"
""",
    "models/homes.py": """\
PACKAGE = "models"
HOMES = {"a": PACKAGE + ".a"}
TOUCHED = {}


def fill():
    TOUCHED["x"] = 1
""",
}


@pytest.fixture
def evaluate(names):
    def make(text, changed=(), known=None):
        tree = names(FILES)
        evaluator = Evaluator(tree, lambda definition: definition in changed)
        return evaluator.strings(tree.module("models.m"), ast.parse(text, mode="eval").body, None, known)

    return make


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'x'", {"x"}),
        ("3", set()),
        ("PACKAGE", {"models"}),
        ("other", {"models"}),
        ("LOCAL", {"models.local"}),
        ("HOMES[x]", {"models.a"}),
        ("TWICE", {"*"}),
        ("MAYBE", {"*"}),
        ("FILLED['a']", {"*"}),
        ("TOUCHED[x]", {"*"}),
        ("PAIR", {"*"}),
        ("__name__", {"models.m"}),
        ("__package__ + '.x'", {"models.x"}),
        ("gone", {"*"}),
    ],
)
def test_names_of_the_module_and_of_others(evaluate, text, expected):
    assert evaluate(text) == expected


def test_what_is_changed_elsewhere_is_unknown(evaluate):
    assert evaluate("HOMES['a']", changed={Definition("models.homes", "HOMES")}) == {"*"}


def test_known_names(evaluate):
    assert evaluate("f'{PACKAGE}.{x}'", known={"x": "y"}) == {"models.y"}


@pytest.mark.parametrize(
    ("name", "package", "expected"),
    [
        ("a.b", None, "a.b"),
        (".b", None, "models.b"),
        (".b", "models.c", "models.c.b"),
        ("..b.*", "models.c.d", "models.c.b.*"),
        (".", "models.c", "models.c"),
    ],
)
def test_relative_names(names, name, package, expected):
    assert importable(names(FILES).module("models.m"), name, package) == expected
