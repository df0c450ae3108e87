"""Closure hashes: what they do not see, and what they must see."""

import ast
import random
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.source.closure import HASH_SCHEMA
from tests.farm.source.net import FILES, NET, UTILS

ROOT = Path(__file__).parents[3]
SCRIPT = """\
import sys
from farm.source.catalogue import Catalogue, discover
from farm.source.closure import compute_closures

class Tree:
    key = "x"
    files = {
        "models/networks/utils.py": sys.argv[2],
        "models/networks/net.py": sys.argv[1],
        "models/networks/__init__.py": "from models.networks.net import Net\\n__all__ = ['Net']\\n",
    }
    paths = files.keys
    unread = {}
    def read(self, path): return self.files[path].encode()
    def blob_id(self, path): return path

catalogue = Catalogue(levels={"network": "models/networks"})
print(*(c.hash for c in compute_closures(Tree(), discover(Tree(), catalogue).architectures, catalogue).values()))
"""


@pytest.fixture(scope="session")
def hash_of(one_closure):
    return lambda source=NET, others=FILES, **options: one_closure(source, others, **options).hash


class TestSame:
    """The hash does not see it."""

    def test_twice(self, hash_of):
        assert hash_of() == hash_of()

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param("return x * factor", "# scaled\n        return x * factor  # by it", id="comments"),
            pytest.param("class Base:\n", 'class Base:\n        """A base."""\n\n', id="class docstring"),
            pytest.param("(x, factor=SIZES[0]):\n", '(x, factor=SIZES[0]):\n        "Scales."\n', id="docstring"),
            pytest.param("import numpy", '"""A module."""\n\n    import numpy', id="module docstring"),
            pytest.param("\n\n    class Net", "\n\n\n\n\n    class Net", id="blank lines"),
            pytest.param("helper(x) + self.gain", "(helper(x)\n            + self.gain)", id="lines"),
            pytest.param('NAMES["a"]', "NAMES['a']", id="quotes"),
            pytest.param("(1, 2, 3)", "(1, 0x2, 0b11,)", id="number formats"),
            pytest.param("gain = 2\n", "gain = 2\n        pass\n        ...\n", id="statements without effect"),
            pytest.param("    def helper", "    def another(x):\n        return x\n\n\n    def helper", id="a function above"),
            pytest.param("from models.utils import scale, unused", "from models.utils import unused, scale", id="import order"),
            pytest.param("from models.utils import scale, unused", "from models.utils import scale", id="an unused import"),
            pytest.param("import numpy as np", "import numpy as np, os", id="another import"),
            pytest.param("class Net", 'if __name__ == "__main__":\n        print(Base())\n\n\n    class Net', id="main block"),
        ],
    )  # fmt: skip
    def test_edit_of_the_text(self, hash_of, old, new):
        assert old in NET
        assert hash_of(NET.replace(old, new)) == hash_of()

    def test_order_of_definitions(self, hash_of):
        lines = textwrap.dedent(NET)
        start, helper, base, net = lines.split("\n\n\n")
        assert hash_of("\n\n\n".join((start, base, helper, net.rstrip())) + "\n") == hash_of()

    def test_order_of_methods(self, hash_of):
        init = "        def __init__(self, size=SIZES):\n            self.size = size\n"
        moved = NET.replace(init + "\n", "").replace("+ self.gain\n", "+ self.gain\n\n" + init)
        assert moved != NET
        assert hash_of(moved) == hash_of()

    def test_definitions_that_are_not_reached(self, hash_of):
        assert hash_of(others={"models/utils.py": UTILS.replace("return x\n", "return -x\n")}) == hash_of()

    def test_other_files(self, hash_of):
        assert hash_of(others={**FILES, "models/other.py": "x = 1", "README.md": "text"}) == hash_of()

    def test_how_it_is_imported(self, hash_of):
        for imported in ("from .. import utils\n    from ..utils import scale", "from models.utils import scale"):
            assert hash_of(NET.replace("from models.utils import scale, unused", imported)) == hash_of()

    def test_a_reexport_on_the_way(self, hash_of):
        moved = {
            "models/utils/__init__.py": "from models.utils.impl import scale, unused\n",
            "models/utils/impl.py": UTILS,
        }
        direct = NET.replace("models.utils import", "models.utils.impl import")
        assert hash_of(NET, moved) == hash_of(direct, moved)

    @pytest.mark.parametrize("seed", ["1", "2"])
    def test_in_another_process(self, hash_of, tmp_path, seed):
        (tmp_path / "script.py").write_text(SCRIPT)
        net = textwrap.dedent(NET).replace("models.utils", "models.networks.utils")
        done = subprocess.run(
            [sys.executable, str(tmp_path / "script.py"), net, textwrap.dedent(UTILS)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == hash_of(net, {"models/networks/utils.py": UTILS})

    def test_the_schema_names_python(self):
        assert HASH_SCHEMA.endswith(f"py{sys.version_info[0]}.{sys.version_info[1]}")


class TestDifferent:
    """The hash sees it."""

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param("factor=SIZES[0]", "factor=SIZES[1]", id="default value"),
            pytest.param("(1, 2, 3)", "(1, 2, 4)", id="constant"),
            pytest.param("(1, 2, 3)", "(1, 2, 3.0)", id="type of a constant"),
            pytest.param("(1, 2, 3)", "(True, 2, 3)", id="equal constant of another type"),
            pytest.param("gain = 2", "gain = 3", id="class attribute"),
            pytest.param("class Net(Base)", "class Net(Base, dict)", id="base class"),
            pytest.param("class Base:", "class Base(metaclass=type):", id="metaclass"),
            pytest.param("    def helper", "    @np.vectorize\n    def helper", id="decorator"),
            pytest.param("np.tanh", "np.sinh", id="name outside the tree"),
            pytest.param("import numpy as np", "import scipy as np", id="alias of a module"),
            pytest.param('{"a": scale}', '{"a": unused}', id="value of a registry"),
            pytest.param('{"a": scale}', '{"b": scale}', id="key of a registry"),
            pytest.param("import scale, unused", "import scale as unused, unused as scale", id="two aliases exchanged"),
            pytest.param("x * factor", "factor * x", id="order of operands"),
            pytest.param("self.size = size", "self.size = size\n            return None", id="statement"),
            pytest.param("def helper(x", "def helper(y", id="parameter"),
            pytest.param("(x, factor=SIZES[0])", "(x, *, factor=SIZES[0])", id="keyword only"),
            pytest.param("def helper", "async def helper", id="async"),
        ],
    )  # fmt: skip
    def test_edit_of_the_text(self, hash_of, old, new):
        assert old in NET
        assert hash_of(NET.replace(old, new)) != hash_of()

    def test_a_rename(self, hash_of):
        assert hash_of(NET.replace("helper", "scaled")) != hash_of()

    def test_a_helper_in_another_module(self, hash_of):
        assert hash_of(others={"models/utils.py": UTILS.replace("2 * x", "3 * x")}) != hash_of()

    def test_a_move_to_another_module(self, hash_of):
        moved = {"models/other.py": UTILS}
        assert hash_of(NET.replace("models.utils", "models.other"), moved) != hash_of()

    @pytest.mark.parametrize("first", ["a", "b"])
    def test_which_module_a_star_import_takes_a_name_from(self, hash_of, first):
        others = {"models/a.py": "def f():\n    return 1\n", "models/b.py": "def f():\n    return 2\n"}
        net = "from models.a import *\nfrom models.b import *\n\nclass Net:\n    x = f()\n"
        other = "from models.b import *\nfrom models.a import *\n\nclass Net:\n    x = f()\n"
        assert hash_of(net, others) != hash_of(other, others)
        changed = {**others, f"models/{first}.py": "def f():\n    return 3\n"}
        assert (hash_of(net, changed) != hash_of(net, others)) == (first == "b")

    def test_both_branches_of_a_conditional_import(self, hash_of):
        net = """\
            import os
            if os.environ.get("FAST"):
                from models.fast import conv
            else:
                from models.slow import conv

            class Net:
                conv = conv
            """
        others = {"models/fast.py": "def conv():\n    return 1\n", "models/slow.py": "def conv():\n    return 2\n"}
        start = hash_of(net, others)
        for path in others:
            assert hash_of(net, {**others, path: "def conv():\n    return 3\n"}) != start
        assert hash_of(net.replace("FAST", "SLOW"), others) != start
        swapped = net.replace("models.fast", "models.x").replace("models.slow", "models.fast")
        assert hash_of(swapped.replace("models.x", "models.slow"), others) != start

    def test_the_condition_of_an_import(self, hash_of):
        net = """\
            from models.flags import quick
            if quick():
                from models.fast import conv
            else:
                conv = None

            class Net:
                conv = conv
            """
        others = {"models/fast.py": "def conv():\n    return 1\n", "models/flags.py": "def quick():\n    return True\n"}
        changed = {**others, "models/flags.py": "def quick():\n    return False\n"}
        assert hash_of(net, changed) != hash_of(net, others)

    @pytest.mark.parametrize("edit", ["import fast as conv", "import slow as conv"])
    def test_a_fallback_import(self, hash_of, edit):
        net = "try:\n    from models.ops import fast as conv\nexcept ImportError:\n    from models.ops import slow as conv\n"
        net += "\n\nclass Net:\n    conv = conv\n"
        others = {"models/ops.py": "def fast():\n    return 1\n\n\ndef slow():\n    return 2\n"}
        assert hash_of(net.replace(edit, "import slower as conv"), others) != hash_of(net, others)

    def test_a_constant_that_is_bound_twice(self, hash_of):
        net = "SIZE = 1\nDOUBLE = 2 * SIZE\nSIZE = 3\n\n\nclass Net:\n    size = DOUBLE\n"
        other = "SIZE = 1\nSIZE = 3\nDOUBLE = 2 * SIZE\n\n\nclass Net:\n    size = DOUBLE\n"
        assert hash_of(net) != hash_of(other)

    def test_what_a_class_body_reads_of_itself_keeps_its_order(self, hash_of):
        net = "class Net:\n    def f(self):\n        return 1\n\n    g = f\n\n    def f(self):\n        return 2\n"
        other = "class Net:\n    def f(self):\n        return 1\n\n    def f(self):\n        return 2\n\n    g = f\n"
        assert hash_of(net) != hash_of(other)


STATEMENTS = {
    "a": "A = 1",
    "b": "def b(x=A):\n    return x + 1",
    "c": "class C:\n    y = 2\n\n    def m(self):\n        return b(self.y)",
    "d": "D = {'k': b}",
    "e": "def e():\n    return D, C",
}


def _net(order, blanks, comments, above):
    lines = []
    for name in order:
        lines += [f"# {c}" for c in comments] + [STATEMENTS[name]] + [""] * blanks
    extra = "\n".join(f"def unused_{i}():\n    return {i}\n" for i in range(above))
    return f"{extra}\n" + "\n".join(lines) + "\n\nclass Net:\n    parts = e(), A\n"


class TestProperties:
    @settings(max_examples=60)
    @given(
        order=st.permutations(list(STATEMENTS)),
        blanks=st.integers(0, 3),
        comments=st.lists(st.text(st.characters(categories=["L", "N", "Zs"]), max_size=20), max_size=2),
        above=st.integers(0, 3),
    )
    def test_layout_never_matters(self, hash_of, order, blanks, comments, above):
        assert hash_of(_net(order, blanks, comments, above)) == hash_of(_net(list(STATEMENTS), 0, [], 0))

    @settings(max_examples=40)
    @given(st.randoms(use_true_random=False))
    def test_the_text_that_python_makes_of_the_syntax_has_the_same_hash(self, hash_of, rng: random.Random):
        source = textwrap.dedent(NET)
        tree = ast.parse(source)
        body = tree.body[2:]
        rng.shuffle(body)
        tree.body[2:] = body
        assert hash_of(ast.unparse(tree)) == hash_of(source)

    @settings(max_examples=60)
    @given(st.data())
    def test_every_constant_matters(self, hash_of, data):
        tree = ast.parse(textwrap.dedent(NET))
        constants = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, int)]
        node = data.draw(st.sampled_from(range(len(constants))))
        constants[node].value += data.draw(st.integers(1, 1000))
        assert hash_of(ast.unparse(tree)) != hash_of()
