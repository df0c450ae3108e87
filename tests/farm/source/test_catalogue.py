"""Discovery: which names are architectures, where they are defined, and what is wrong with the others."""

import pytest

from farm.source.catalogue import LEVELS, Architecture, Catalogue, Kind, Problem, discover
from farm.source.errors import BadCatalogueError

NETWORKS = {"network": "models/networks"}


@pytest.fixture(scope="session")
def discovered(files):
    """Discovery in one level: the network package's own source, and other files."""

    def make(init, others=None, **options):
        tree = files({"models/__init__.py": "", "models/networks/__init__.py": init, **(others or {})})
        return discover(tree, Catalogue(levels=NETWORKS, **options))

    return make


def names_of(discovery):
    return [a.name for a in discovery.architectures]


class TestForms:
    """Ways to write ``__all__``."""

    OTHERS = {  # noqa: RUF012
        "models/networks/a.py": "__all__ = ['A1', 'A2']\n\n\nclass A1:\n    pass\n\n\nclass A2:\n    pass\n",
        "models/networks/b.py": "__all__ = ('B',)\n\n\ndef B():\n    pass\n",
    }
    IMPORTS = (
        "from models.networks.a import A1, A2\nfrom models.networks.b import B\nfrom models.networks import a, b\n"
    )

    @pytest.mark.parametrize(
        "text",
        [
            "__all__ = ['A1', 'A2', 'B']",
            "__all__ = ('A1', 'A2', 'B')",
            "__all__: list[str] = ['A1', 'A2', 'B']",
            "__all__ = ['A1']\n__all__ += ['A2', 'B']",
            "__all__ = ['A1']\n__all__ += ('A2',)\n__all__ += b.__all__",
            "__all__ = ['A1']\n__all__.extend(['A2', 'B'])",
            "__all__ = ['A1', 'A2']\n__all__.append('B')",
            "__all__ = ['A1', 'X', 'A2', 'B']\n__all__.remove('X')",
            "__all__ = a.__all__ + list(b.__all__)",
            "__all__ = [*a.__all__, 'B']",
            "__all__ = [*a.__all__, *b.__all__]",
            "__all__ = sorted(a.__all__) + ['B']",
            "__all__ = []\n__all__.extend(a.__all__)\n__all__.extend(b.__all__)",
            "from models.networks.a import __all__ as names\n__all__ = list(names) + ['B']",
            "NAMES = ['A1', 'A2']\nMORE = ('B',)\n__all__ = [*NAMES, *MORE]",
            "TABLE = {'A1': A1, 'A2': A2, 'B': B}\n__all__ = list(TABLE)",
            "TABLE = {'A1': A1, 'A2': A2, 'B': B}\n__all__ = [*TABLE.keys()]",
            "__all__ = ['X']\n__all__ = ['A1', 'A2', 'B']",
            "if True:\n    __all__ = ['A1', 'A2', 'B']",
            "__all__ = ['A1', 'A2']\ntry:\n    import torch\nexcept ImportError:\n    pass\nelse:\n    __all__ += ['B']",
        ],
    )
    def test_read_without_running(self, discovered, text):
        found = discovered(f"{self.IMPORTS}{text}\n", self.OTHERS)
        assert found.problems == ()
        assert names_of(found) == ["A1", "A2", "B"]

    @pytest.mark.parametrize(
        "text",
        [
            "from models.networks.a import *\nfrom models.networks.b import *\n__all__ = ['A1', 'A2', 'B']",
            "from .a import *\nfrom .b import B\n__all__ = ['A1', 'A2', 'B']",
            "from . import a\nfrom .a import *\nfrom .b import *\n__all__ = a.__all__ + ['B']",
            "from .c import *\nfrom .c import __all__",
            "from .c import *\nfrom .c import __all__ as __all__",
        ],
    )
    def test_star_reexports(self, discovered, text):
        chain = "from .a import *\nfrom .b import *\n__all__ = ['A1', 'A2', 'B']\n"
        found = discovered(f"{text}\n", {**self.OTHERS, "models/networks/c.py": chain})
        assert found.problems == ()
        assert names_of(found) == ["A1", "A2", "B"]
        assert found.architectures[0].definition == "models.networks.a.A1"

    @pytest.mark.parametrize(
        ("text", "line", "shown"),
        [
            ("__all__ = [n for n in dir() if n[0] != '_']", 1, "[n for n in dir() if n[0] != '_']"),
            ("X = 1\n__all__ = make()", 2, "make()"),
            ("__all__ = ['A']\n__all__ += [X]", 2, "X"),
            ("__all__ = ['A' + 'B']", 1, "'A' + 'B'"),
            ("__all__ = ['A']\n__all__.insert(0, 'B')", 2, "__all__.insert(0, 'B')"),
        ],
    )
    def test_what_must_be_run_is_a_problem(self, discovered, text, line, shown):
        (problem,) = discovered(f"{text}\n").problems
        assert problem.where == f"models/networks/__init__.py:{line}"
        assert f"`{shown}`" in problem.what
        assert "\n" not in str(problem)

    def test_made_from_itself(self, discovered):
        (problem,) = discovered("from models.networks import a\n__all__ = a.__all__\n", {
            "models/networks/a.py": "import models.networks as n\n__all__ = n.__all__\n"
        }).problems  # fmt: skip
        assert "made from itself" in problem.what


class TestArchitectures:
    def test_follows_imports_to_the_definition(self, discovered):
        found = discovered(
            "from .resnet import resnet50\nfrom models.networks import unet\n"
            "UNet = unet.UNet\n__all__ = ['resnet50', 'UNet', 'Own']\n"
            "\n\nclass Own:\n    pass\n",
            {
                "models/networks/resnet.py": "from .deep import make as resnet50\n",
                "models/networks/deep.py": "import torch\n\n\n@torch.no_grad()\ndef make():\n    pass\n",
                "models/networks/unet.py": "class UNet:\n    pass\n",
            },
        )
        assert [(a.name, a.definition, a.file, a.line) for a in found.architectures] == [
            ("resnet50", "models.networks.deep.make", "models/networks/deep.py", 5),
            ("UNet", "models.networks.UNet", "models/networks/__init__.py", 3),
            ("Own", "models.networks.Own", "models/networks/__init__.py", 7),
        ]
        assert {a.kind for a in found.architectures} == {Kind.NETWORK}
        assert found.architectures[0].key == "network:resnet50"
        assert found.architectures[0].module == "models.networks.deep"

    def test_partial_applications_are_architectures(self, discovered):
        found = discovered("from functools import partial\nnet = partial(dict, a=1)\n__all__ = ['net']\n")
        assert names_of(found) == ["net"]

    def test_from_outside_the_tree(self, discovered):
        (found,) = discovered(
            "from torchvision.models import resnet18\n__all__ = [\n    'resnet18',\n]\n"
        ).architectures
        assert (found.definition, found.file, found.line) == (
            "torchvision.models.resnet18",
            "models/networks/__init__.py",
            3,
        )

    def test_under_a_condition(self, discovered):
        found = discovered(
            "try:\n    from .fast import Net\nexcept ImportError:\n    from .slow import Net\n__all__ = ['Net']\n",
            {"models/networks/fast.py": "class Net:\n    pass\n", "models/networks/slow.py": "class Net:\n    pass\n"},
        )
        assert [a.definition for a in found.architectures] == ["models.networks.Net"]

    def test_are_the_same_where_kind_and_name_are(self):
        one = Architecture("net", Kind.NETWORK, "a", "a.net", "a.py", 1)
        assert one == Architecture("net", Kind.NETWORK, "b", "b.net", "b.py", 2)
        assert one != Architecture("net", Kind.HEAD, "a", "a.net", "a.py", 1)
        assert len({one, Architecture("net", Kind.NETWORK, "b", "b.net", "b.py", 2)}) == 1

    def test_all_levels_in_order(self, zoo, files):
        found = discover(files(zoo), Catalogue())
        assert [a.key for a in found.architectures] == [
            "network:FCN", "network:mobile", "network:resnet18", "network:resnet50",
            "backbone:Mobile", "backbone:ResNet18", "backbone:ResNet50",
            "head:FCNHead", "block:BasicBlock", "block:Bottleneck", "block:ConvNormAct",
        ]  # fmt: skip
        assert found.problems == ()

    def test_one_name_in_two_levels(self, files):
        tree = files({
            "models/networks/__init__.py": "from models.heads import Net\n__all__ = ['Net']\n",
            "models/heads/__init__.py": "__all__ = ['Net']\n\n\nclass Net:\n    pass\n",
        })  # fmt: skip
        found = discover(tree, Catalogue(levels={"network": "models/networks", "head": "models/heads"}))
        assert [a.key for a in found.architectures] == ["network:Net", "head:Net"]
        assert found.problems == ()


class TestProblems:
    GOOD = "\n\nclass Good:\n    pass\n"

    def problem(self, discovered, init, others=None):
        found = discovered(init + self.GOOD, others)
        assert names_of(found) == ["Good"]
        (problem,) = found.problems
        assert "\n" not in str(problem)
        return problem

    def test_a_name_that_does_not_exist(self, discovered):
        problem = self.problem(discovered, "__all__ = [\n    'Good',\n    'Gone',\n]\n")
        assert problem == Problem(
            "Gone",
            "models/networks/__init__.py:3",
            "does not exist in models.networks; define or import it, or remove it from __all__",
        )
        assert str(problem).startswith("models/networks/__init__.py:3: Gone: does not exist")

    def test_an_import_of_what_does_not_exist(self, discovered):
        problem = self.problem(
            discovered, "from .a import Gone\n__all__ = ['Gone', 'Good']\n", {"models/networks/a.py": "Other = None\n"}
        )
        assert problem.name == "Gone"

    def test_an_import_from_a_module_that_does_not_exist(self, discovered):
        assert self.problem(discovered, "from .a import Gone\n__all__ = ['Gone', 'Good']\n").name == "Gone"

    def test_twice_in_one_level(self, discovered):
        problem = self.problem(discovered, "__all__ = ['Good', 'Good']\n")
        assert problem.what == "is in __all__ twice; remove one"

    def test_a_syntax_error_in_a_file(self, discovered):
        problem = self.problem(
            discovered,
            "from .broken import Net\n__all__ = ['Net', 'Good']\n",
            {"models/networks/broken.py": "class Net:\n    def forward(self:\n        pass\n"},
        )
        assert problem.name == "Net"
        assert problem.where == "models/networks/broken.py:2"
        assert problem.what.startswith("cannot be parsed: ")

    def test_a_syntax_error_in_the_level_itself(self, files):
        tree = files({
            "models/networks/__init__.py": "__all__ = [\n",
            "models/heads/__init__.py": "__all__ = ['H']\n\n\nclass H:\n    pass\n",
        })  # fmt: skip
        found = discover(tree, Catalogue(levels={"network": "models/networks", "head": "models/heads"}))
        assert [a.key for a in found.architectures] == ["head:H"]
        (problem,) = found.problems
        assert (problem.name, problem.where) == ("models.networks.__all__", "models/networks/__init__.py:1")
        assert problem.what.startswith("cannot be parsed: ")

    def test_bytes_that_are_no_text(self, discovered):
        problem = self.problem(
            discovered, "from .b import Net\n__all__ = ['Net', 'Good']\n", {"models/networks/b.py": b"x = '\xff\xfe'\n"}
        )
        assert problem.what.startswith("cannot be parsed: ")

    def test_a_null_byte(self, discovered):
        problem = self.problem(
            discovered, "from .b import Net\n__all__ = ['Net', 'Good']\n", {"models/networks/b.py": b"x = 1\0\n"}
        )
        assert problem.what.startswith("cannot be parsed: ")

    def test_a_module(self, discovered):
        problem = self.problem(discovered, "__all__ = ['a', 'Good']\n", {"models/networks/a.py": ""})
        assert problem.what == "is a module, not a class or function; name what is in it"

    @pytest.mark.parametrize("value", ["(1, 2)", "'text'", "{'a': 1}", "3"])
    def test_a_constant(self, discovered, value):
        problem = self.problem(discovered, f"SIZES = {value}\n__all__ = ['SIZES', 'Good']\n")
        assert problem.what == "is a constant, not a class or function; remove it from __all__"

    def test_a_name_that_is_made_at_run_time(self, discovered):
        init = "def __getattr__(name):\n    return type(name, (), {})\n\n\n__all__ = ['Made', 'Good']\n"
        assert "is made at run time by models.networks" in self.problem(discovered, init).what

    def test_no_all(self, discovered):
        (problem,) = discovered("class Net:\n    pass\n").problems
        assert problem.what == "models.networks has no __all__"

    def test_no_folder(self, files):
        found = discover(files({"models/__init__.py": ""}), Catalogue(levels=NETWORKS))
        assert found.problems == (
            Problem(
                "network",
                "models/networks/__init__.py",
                "no such file; add it, or correct the level's folder in the catalogue",
            ),
        )


class TestExclusions:
    INIT = "__all__ = ['A', 'B', 'C']\n\n\nclass A:\n    pass\n\n\nclass B:\n    pass\n\n\nclass C:\n    pass\n"

    @pytest.mark.parametrize("key", ["B", "network:B"])
    def test_by_name_or_kind_and_name(self, discovered, key):
        found = discovered(self.INIT, exclusions={key: "too slow"})
        assert names_of(found) == ["A", "C"]
        assert {a.name: reason for a, reason in found.excluded.items()} == {"B": "too slow"}
        assert found.problems == ()

    def test_of_one_kind_alone(self, files):
        tree = files({
            "models/networks/__init__.py": "from models.heads import Net\n__all__ = ['Net']\n",
            "models/heads/__init__.py": "__all__ = ['Net']\n\n\nclass Net:\n    pass\n",
        })  # fmt: skip
        levels = {"network": "models/networks", "head": "models/heads"}
        found = discover(tree, Catalogue(levels=levels, exclusions={"head:Net": "part of the network"}))
        assert [a.key for a in found.architectures] == ["network:Net"]
        both = discover(tree, Catalogue(levels=levels, exclusions={"Net": "broken", "head:Net": "part"}))
        assert {a.key: r for a, r in both.excluded.items()} == {"network:Net": "broken", "head:Net": "part"}

    def test_that_match_nothing(self, discovered):
        found = discovered(self.INIT, exclusions={"B": "slow", "D": "gone"})
        assert names_of(found) == ["A", "C"]
        assert found.problems == (
            Problem("D", "exclusions", "matches no architecture; correct the name or remove the line"),
        )

    @pytest.mark.parametrize("key", ["B*", "network:B*"])
    def test_by_pattern(self, discovered, key):
        source = self.INIT.replace("'B'", "'BB'").replace("class B", "class BB")
        found = discovered(source, exclusions={key: "too slow"})
        assert names_of(found) == ["A", "C"]
        assert found.problems == ()

    def test_a_name_goes_before_a_pattern(self, discovered):
        found = discovered(self.INIT, exclusions={"*": "all", "B": "slow"})
        assert {a.name: reason for a, reason in found.excluded.items()} == {"A": "all", "B": "slow", "C": "all"}

    def test_a_pattern_that_matches_nothing(self, discovered):
        (problem,) = discovered(self.INIT, exclusions={"D*": "gone"}).problems
        assert problem.what.startswith("matches no architecture")


class TestCatalogue:
    def test_defaults(self):
        catalogue = Catalogue()
        assert catalogue.package == "models"
        assert catalogue.packages == ("models", "mcore")
        assert catalogue.levels == LEVELS
        assert set(LEVELS) == set(Kind)
        assert "mcore.convert" in catalogue.toolchain

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"package": "nets"}, "package 'nets' is not in packages"),
            ({"levels": {"decoder": "models/decoders"}}, "level 'decoder' is none of network, backbone"),
            ({"levels": {"network": "nets/networks"}}, "network is in 'nets/networks', which is not below 'models'"),
            ({"levels": {"network": "models/a", "head": "models/a"}}, "two levels have the same folder"),
            ({"exclusions": {"decoder:x": "why"}}, "'decoder:x' is not a name or kind:name"),
            ({"exclusions": {"network:": "why"}}, "'network:' is not a name"),
            ({"exclusions": {"x": " "}}, "x: an exclusion needs a reason"),
        ],
    )
    def test_contradictions(self, options, message):
        with pytest.raises(BadCatalogueError, match=message) as caught:
            Catalogue(**options)
        assert caught.value.exit_code == 2
        assert "\n" not in str(caught.value)
