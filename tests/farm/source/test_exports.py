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


class TestStars:
    """A package without ``__all__`` has what its star imports give."""

    def test_of_modules_with_and_without_all(self, names):
        others = {
            "models/a.py": "__all__ = ['x', 'Y']\n",
            "models/b.py": "import math\n\n\ndef f():\n    pass\n\n\nclass C:\n    pass\n\n\ndef _g():\n    pass\n\n\nK = 1\n",
            "models/c.py": "from models.b import *\n\n\ndef h():\n    pass\n",
        }
        source = "from models.a import *\nfrom torch import *\n\nfrom models.b import *\nfrom models.c import *\n"
        found = read(names, source, others)
        assert found == (Exported("x", 1), Exported("Y", 1), Exported("f", 4), Exported("C", 4), Exported("h", 5))

    def test_its_own_definitions_and_imports_are_not_meant(self, names):
        others = {"models/a.py": "__all__ = ['x']\n"}
        source = "from models.a import *\nfrom models.a import y\n\n\ndef helper():\n    pass\n"
        assert [e.name for e in read(names, source, others)] == ["x"]

    def test_all_that_is_there_decides(self, names):
        others = {"models/a.py": "__all__ = ['x', 'y']\n"}
        assert [e.name for e in read(names, "from models.a import *\n__all__ = ['x']\n", others)] == ["x"]

    @pytest.mark.parametrize("text", ["__all__ = f()\n", "__all__ = [\n"])
    def test_one_that_cannot_be_read(self, names, text):
        with pytest.raises(UnreadableError):
            read(names, "from models.a import *\n", {"models/a.py": text})

    def test_a_circle(self, names):
        with pytest.raises(UnreadableError, match="imports itself by star"):
            read(names, "from models.m import *\n")


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
