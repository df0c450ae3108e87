"""What closures reach: definitions and their members, circles, data files; and what is not followed."""

import pytest

from farm.source.converter import CONVERTER
from tests.farm.source.net import FILES, NET


class TestDataFiles:
    NET = """\
        from pathlib import Path

        class Net:
            table = (Path(__file__).parent / "tables" / "widths.json").read_text()
        """

    def test_a_file_that_a_path_names(self, one_closure):
        files = {"models/networks/tables/widths.json": "[1]", "models/networks/tables/other.json": "[2]"}
        start = one_closure(self.NET, files)
        assert "models/networks/tables/widths.json" in start.definitions
        assert one_closure(self.NET, {**files, "models/networks/tables/widths.json": "[3]"}).hash != start.hash
        assert one_closure(self.NET, {**files, "models/networks/tables/other.json": "[3]"}).hash == start.hash

    def test_a_file_that_is_not_there_yet(self, one_closure):
        start = one_closure(self.NET)
        assert one_closure(self.NET, {"models/networks/tables/widths.json": "[1]"}).hash != start.hash

    @pytest.mark.parametrize(
        "path", ["configs/net.yaml", "models/configs/net.yaml", "models/networks/configs/net.yaml"]
    )
    def test_relative_to_the_repository_or_a_folder_above(self, one_closure, path):
        net = 'class Net:\n    config = "configs/net.yaml"\n'
        assert one_closure(net, {path: "a: 1"}).hash != one_closure(net, {path: "a: 2"}).hash

    def test_binary(self, one_closure):
        net = 'class Net:\n    labels = open("models/labels.bin", "rb").read()\n'
        assert (
            one_closure(net, {"models/labels.bin": b"\x00\xff"}).hash
            != one_closure(net, {"models/labels.bin": b"\x00"}).hash
        )

    def test_a_computed_name_depends_on_every_file_that_it_can_be(self, one_closure):
        net = (
            'def load(name):\n    return open(f"models/configs/{name}.yaml")\n\n\nclass Net:\n    config = load("a")\n'
        )
        files = {"models/configs/a.yaml": "1", "models/configs/b.yaml": "2", "models/configs/c.txt": "3"}
        start = one_closure(net, files)
        assert [(w.file, w.line, w.scope) for w in start.wildcards] == [
            ("models/networks/net.py", 2, "models/configs/*.yaml")
        ]
        assert one_closure(net, {**files, "models/configs/b.yaml": "4"}).hash != start.hash
        assert one_closure(net, {**files, "models/configs/c.txt": "4"}).hash == start.hash
        assert one_closure(net, {**files, "models/configs/d.yaml": "4"}).hash != start.hash


class TestShape:
    def test_definitions_have_their_place(self, one_closure):
        closure = one_closure(NET, FILES)
        found = {n: (d.file, d.line) for n, d in closure.definitions.items()}
        assert found == {
            "models.networks.net.Net": ("models/networks/net.py", 22),
            "models.networks.net.Base": ("models/networks/net.py", 12),
            "models.networks.net.helper": ("models/networks/net.py", 8),
            "models.networks.net.SIZES": ("models/networks/net.py", 4),
            "models.networks.net.NAMES": ("models/networks/net.py", 5),
            "models.utils.scale": ("models/utils.py", 1),
        }
        assert closure.root == "models.networks.net.Net"
        assert closure.edges["models.networks.net.Net"] == ("models.networks.net.Base", "models.networks.net.NAMES")
        assert closure.edges["models.networks.net.NAMES"] == ("models.utils.scale",)
        assert closure.wildcards == ()

    def test_it_reaches_its_definitions_and_nothing_else(self, zoo, by_architecture):
        converter = {
            "mcore/__init__.py": "",
            "mcore/convert/__init__.py": "",
            "mcore/convert/bundle.py": "toplatform = 1\n",
        }
        closures = by_architecture({**zoo, **converter}).values()
        names = {"models.nowhere", *(n for c in closures for n in c.definitions)}
        for closure in closures:
            assert {n for n in names if closure.reaches(n)} == closure.definitions.keys()
            assert CONVERTER in closure.definitions

    def test_members_of_a_class(self, one_closure):
        closure = one_closure(NET, FILES)
        assert list(closure.definitions["models.networks.net.Base"].members) == ["gain", "__init__", "forward"]

    def test_names_outside_the_tree_are_leaves(self, one_closure):
        closure = one_closure(NET, FILES)
        assert "np.tanh = <numpy.tanh>" in closure.definitions["models.networks.net.Net"].links

    def test_an_architecture_from_outside_the_tree(self, closures, zoo):
        files = {**zoo, "models/necks/__init__.py": "from torch.nn import Identity\n__all__ = ['Identity']\n"}
        other = {
            **zoo,
            "models/necks/__init__.py": "from torch.nn import Flatten as Identity\n__all__ = ['Identity']\n",
        }
        found = closures(files)["Identity"]
        assert found.root == "torch.nn.Identity"
        assert found.definitions == {}
        assert closures(other)["Identity"].hash != found.hash

    def test_circles(self, one_closure):
        net = """\
            class Net:
                def make(self):
                    return other()

            def other():
                return Net(), third()

            def third():
                return other()
            """
        closure = one_closure(net)
        assert {n.rpartition(".")[2] for n in closure.definitions} == {"Net", "other", "third"}
        assert one_closure(net.replace("Net(), third()", "third(), Net()")).hash != closure.hash

    def test_circles_of_imports(self, one_closure):
        net = "from models.a import f\n\n\nclass Net:\n    x = f()\n"
        others = {
            "models/a.py": "from models.b import g\n\n\ndef f():\n    return g()\n",
            "models/b.py": "from models import a\n\n\ndef g():\n    return a.f()\n",
        }
        assert set(one_closure(net, others).definitions) == {"models.networks.net.Net", "models.a.f", "models.b.g"}

    def test_every_member_of_a_circle_sees_every_change(self, closures, zoo):
        circle = "def a():\n    return b()\n\n\ndef b():\n    return c()\n\n\ndef c():\n    return a(), 1\n"
        files = {**zoo, "models/necks/__init__.py": "from models.necks.n import a, b, c\n__all__ = ['a', 'b', 'c']\n"}
        before = closures({**files, "models/necks/n.py": circle})
        after = closures({**files, "models/necks/n.py": circle.replace("a(), 1", "a(), 2")})
        assert all(before[n].hash != after[n].hash for n in "abc")
        assert len({before[n].hash for n in "abc"}) == 3

    def test_a_file_that_does_not_parse_counts_by_its_bytes(self, one_closure):
        net = "from models.broken import f\n\n\nclass Net:\n    x = f()\n"
        one = one_closure(net, {"models/broken.py": "def f(:\n"})
        two = one_closure(net, {"models/broken.py": "def f(::\n"})
        assert one.hash != two.hash
        assert one.definitions["models.broken.<unreadable>"].line == 1

    def test_very_deep_expressions(self, one_closure):
        deep = "class Net:\n    x = " + " + ".join(["1"] * 900) + "\n"
        assert one_closure(deep).hash != one_closure(deep.replace("1 + 1 + 1", "1 + 2 + 1", 1)).hash

    def test_the_toolchain_is_not_followed(self, one_closure):
        net = "from mcore.convert import toplatform\n\n\nclass Net:\n    def save(self):\n        return toplatform(self)\n"
        one = one_closure(net, {"mcore/convert/__init__.py": "def toplatform(m):\n    return 1\n"})
        two = one_closure(net, {"mcore/convert/__init__.py": "def toplatform(m):\n    return 2\n"})
        assert one.hash == two.hash
        other = one_closure(
            net, {"mcore/convert/__init__.py": "def toplatform(m):\n    return 2\n"}, toolchain=("mcore.platform",)
        )
        assert other.hash != one.hash

    def test_packages_that_are_not_followed(self, one_closure):
        net = "from mcore.layers import conv\n\n\nclass Net:\n    x = conv()\n"
        layers = {"mcore/layers.py": "def conv():\n    return 1\n"}
        assert "mcore.layers.conv" in one_closure(net, layers).definitions
        assert "mcore.layers.conv" not in one_closure(net, layers, packages=("models",)).definitions
