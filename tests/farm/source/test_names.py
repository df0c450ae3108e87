"""What names mean across modules."""

import pytest

from farm.source.facts import Reference
from farm.source.modules import UNREADABLE, Import
from farm.source.names import Definition, Dynamic, ModuleItself, Nothing, Outside

FILES = {
    "models/__init__.py": "from models.b import thing as public\n",
    "models/a.py": """\
import torch
import torch.nn.functional as F
import models.b
from . import b
from .b import thing, other as second
own = 1
""",
    "models/b.py": "from models.c import *\nfrom torch.nn import *\n\n\ndef thing():\n    pass\n",
    "models/c.py": "__all__ = ['listed']\nlisted = 1\nunlisted = 2\n",
    "models/d.py": "from models.e import x\n",
    "models/e.py": "from models.d import x\n",
    "models/lazy.py": "def __getattr__(name):\n    return name\n\n\nbound = 1\n",
    "models/maybe.py": "try:\n    from fast import f\nexcept ImportError:\n    from models.b import thing as f\n",
    "models/space/deep/m.py": "y = 1\n",
    "models/broken.py": "def f(:\n",
    "models/pkg/__init__.py": "from . import m\nfrom .m import m as function\n",
    "models/pkg/m.py": "def m():\n    pass\n",
    "models/star.py": "from models.under import *\n",
    "models/under.py": "_private = 1\nopen_ = 2\n",
    "mcore/convert/x.py": "def to():\n    pass\n",
    "farm/x.py": "z = 1\n",
}


@pytest.fixture(scope="module")
def tree(names):
    return names(FILES)


class TestMember:
    @pytest.mark.parametrize(
        ("module", "name", "expected"),
        [
            ("models.a", "own", Definition("models.a", "own")),
            ("models.a", "thing", Definition("models.b", "thing")),
            ("models", "public", Definition("models.b", "thing")),
            ("models", "a", ModuleItself("models.a")),
            ("models", "space", ModuleItself("models.space")),
            ("models.space", "deep", ModuleItself("models.space.deep")),
            ("models.space.deep", "m", ModuleItself("models.space.deep.m")),
            ("models.a", "b", ModuleItself("models.b")),
            ("models.a", "torch", Outside("torch")),
            ("models.a", "F", Outside("torch.nn.functional")),
            ("models.b", "listed", Definition("models.c", "listed")),
            ("models.b", "unlisted", Outside("torch.nn.unlisted")),
            ("models.a", "second", Outside("torch.nn.other")),
            ("models.c", "gone", Nothing("models.c.gone")),
            ("models.gone", "x", Nothing("models.gone.x")),
            ("models.d", "x", Nothing("models.d.x")),
            ("models.b", "_private", Nothing("models.b._private")),
            ("models.lazy", "made", Dynamic("models.lazy", "made")),
            ("models.lazy", "bound", Definition("models.lazy", "bound")),
            ("models.lazy", "__wrapped__", Nothing("models.lazy.__wrapped__")),
            ("models.broken", "anything", Definition("models.broken", UNREADABLE)),
            ("models.pkg", "m", ModuleItself("models.pkg.m")),
            ("models.pkg", "function", Definition("models.pkg.m", "m")),
            ("models.star", "open_", Definition("models.under", "open_")),
            ("models.star", "_private", Nothing("models.star._private")),
            ("models.a", "__file__", Outside("module.__file__")),
            ("mcore.convert.x", "to", Outside("mcore.convert.x.to")),
            ("mcore", "convert", Outside("mcore.convert")),
            ("farm.x", "z", Outside("farm.x.z")),
            ("numpy", "array", Outside("numpy.array")),
        ],
    )
    def test_means(self, tree, module, name, expected):
        assert tree.member(module, name) == (expected,)

    def test_under_a_condition_all_that_it_can_be(self, tree):
        assert tree.member("models.maybe", "f") == (
            Definition("models.maybe", "f"),
            Outside("fast.f"),
            Definition("models.b", "thing"),
        )

    def test_circles_do_not_hide_what_is_there(self, names):
        circle = {
            "models/a.py": "from models.b import *\nfrom models.c import *\n",
            "models/b.py": "from models.a import *\n",
            "models/c.py": "x = 1\n",
        }
        for first in ("models.a", "models.b"):
            tree = names(circle)
            tree.member(first, "x")
            assert tree.member("models.a", "x") == (Definition("models.c", "x"),)
            assert tree.member("models.b", "x") == (Definition("models.c", "x"),)


class TestFollow:
    @pytest.mark.parametrize(
        ("root", "attributes", "expected", "rest"),
        [
            ("models", ("b", "thing"), Definition("models.b", "thing"), ()),
            ("b", ("thing", "__name__"), Definition("models.b", "thing"), ("__name__",)),
            ("b", (), ModuleItself("models.b"), ()),
            ("b", ("__dict__",), ModuleItself("models.b"), ("__dict__",)),
            ("F", ("relu",), Outside("torch.nn.functional.relu"), ()),
            ("torch", ("nn", "Conv2d"), Outside("torch.nn.Conv2d"), ()),
            ("own", ("x", "y"), Definition("models.a", "own"), ("x", "y")),
            ("len", (), Outside("builtins.len"), ()),
            ("gone", (), Nothing("models.a.gone"), ()),
            (Import("models.b", "thing"), (), Definition("models.b", "thing"), ()),
            (Import("models.b"), ("thing",), Definition("models.b", "thing"), ()),
            (Import("models.gone"), (), Nothing("models.gone"), ()),
            (Import("scipy"), ("a",), Outside("scipy.a"), ()),
        ],
    )
    def test_means(self, tree, root, attributes, expected, rest):
        module = tree.module("models.a")
        assert tree.follow(module, Reference(root, attributes)) == ((expected, rest),)

    def test_a_star_may_stand_for_a_builtin(self, tree):
        assert tree.follow(tree.module("models.b"), Reference("len"))[0][0] == Outside("builtins.len")


class TestModules:
    def test_followed_ones(self, tree):
        assert "models.a" in tree.modules()
        assert not [m for m in tree.modules() if m.startswith(("farm", "mcore.convert"))]

    def test_what_exists(self, tree):
        assert tree.exists("models.space.deep")
        assert tree.exists("models.pkg")
        assert not tree.exists("models.gone")
        assert tree.module("models.space") is None
        assert tree.module("models.pkg").package

    def test_a_package_wins_over_a_module_of_the_same_name(self, names):
        tree = names({"models/x.py": "a = 1\n", "models/x/__init__.py": "b = 1\n"})
        assert list(tree.module("models.x").bindings) == ["b"]

    def test_exports(self, tree):
        assert set(tree.exports("models.a")) == {"torch", "F", "models", "b", "thing", "second", "own"}
        assert tree.exports("models.space") == {}

    def test_a_package_in_one_file(self, names):
        assert names({"models.py": "x = 1\n"}).member("models", "x") == (Definition("models", "x"),)


def test_targets_say_what_they_are():
    assert str(Definition("a.b", "c")) == "a.b.c"
    assert str(Outside("torch.x")) == "<torch.x>"
    assert str(Dynamic("a", "b")) == "a.b (made at run time)"
    assert str(Nothing("a.b")) == "a.b (not found)"
    assert str(ModuleItself("a")) == "a"


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("from models.b import f", ()),
        ("from models import b", ()),
        ("import models.b", ()),
        ("from models.b import *", ()),
        ("from torch import gone", ()),
        ("from models.b import gone", ("from models.b import gone",)),
        ("from models.gone import f", ("from models.gone import f",)),
        ("from models import gone", ("from models import gone",)),
        ("import models.gone as g", ("import models.gone",)),
        ("from models.gone import *", ("from models.gone import *",)),
        ("try:\n    from models.gone import f\nexcept ImportError:\n    f = None", ()),
        ("def load():\n    from models.gone import f", ()),
    ],
)
def test_what_cannot_be_imported(names, source, missing):
    found = names({"models/__init__.py": "", "models/a.py": source + "\n", "models/b.py": "def f():\n    return 1\n"})
    assert found.missing(found.module("models.a")) == missing


def test_what_is_in_the_toolchain_is_not_looked_for(names):
    found = names({"models/__init__.py": "", "models/a.py": "import mcore.convert.gone\n", "mcore/__init__.py": ""})
    assert found.missing(found.module("models.a")) == ()
