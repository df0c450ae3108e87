"""``__all__`` as an ordered list with lines; the ways to write it are tested with discovery."""

import pytest

from farm.source.exports import Exported, UnreadableError, exported_names, read_all


def read(names, source, others=None):
    tree = names({"models/m.py": source, **(others or {})})
    return read_all(tree, tree.module("models.m"))


def test_each_name_with_its_line(names):
    source = "__all__ = [\n    'a',\n    'b',\n]\n__all__ += ['c']\n"
    assert read(names, source) == (Exported("a", 2), Exported("b", 3), Exported("c", 5))


def test_names_of_another_module_have_the_line_that_takes_them(names):
    others = {"models/n.py": "\n\n\n__all__ = ['x', 'y']\n"}
    found = read(names, "from models import n\n__all__ = ['a', *n.__all__]\n", others)
    assert found == (Exported("a", 2), Exported("x", 2), Exported("y", 2))


def test_what_a_condition_adds_counts_and_what_it_replaces_too(names):
    source = "__all__ = ['a']\nif x:\n    __all__ = ['b']\nelse:\n    __all__ += ['c']\n"
    assert [e.name for e in read(names, source)] == ["a", "b", "c"]


def test_a_new_value_replaces_the_old(names):
    assert [e.name for e in read(names, "__all__ = ['a']\n__all__ = ['b']\n")] == ["b"]


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        ("x = 1\n", 1, "models.m has no __all__"),
        ("\n__all__ = f()\n", 2, "`f()` cannot be read without running it"),
        ("__all__ = [f(x, 1)]\n", 1, "`f(x, 1)` is not the text of a name"),
        ("__all__ = gone.__all__\n", 1, "`gone.__all__` cannot be read"),
        ("from torch import __all__\n", 1, "it is imported from outside the tree"),
        ("x = (\n", 1, "'(' was never closed"),
        ("for __all__ in []:\n    pass\n", 1, "cannot be read without running it"),
        (f"__all__ = f({', '.join(['argument'] * 20)})\n", 1, "..."),
    ],
)
def test_unreadable(names, source, line, why):
    with pytest.raises(UnreadableError) as caught:
        read(names, source)
    assert caught.value.line == line
    assert why in caught.value.why
    assert len(caught.value.why) < 120


def test_names_alone(names):
    tree = names({"models/m.py": "__all__ = ['a', 'b']\n", "models/n.py": "__all__ = f()\n"})
    assert exported_names(tree, tree.module("models.m")) == ("a", "b")
    assert exported_names(tree, tree.module("models.n")) is None
