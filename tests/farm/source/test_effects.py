"""What importing modules changes: registries that are filled, classes that are patched, state outside the tree."""

import textwrap

import pytest

NET = "from models.table import build\n\n\nclass Net:\n    part = build('a')\n"
TABLE = "TABLE = {}\n\n\ndef build(name):\n    return TABLE[name]\n"
SIDE = "import models.side\n"


@pytest.fixture(scope="session")
def reached(one_closure):
    """Definitions that a network reaches, by their name in ``models``."""

    def make(source, others):
        files = {p: textwrap.dedent(t) for p, t in others.items()}
        return {n.removeprefix("models.") for n in one_closure(source, files).definitions} - {"networks.net.Net"}

    return make


class TestFilled:
    """A table that other statements fill depends on what they fill it with."""

    @pytest.mark.parametrize(
        ("statement", "expected"),
        [
            ("TABLE['a'] = part", {"side.<module>", "side.part"}),
            ("TABLE.update(a=part)", {"side.<module>", "side.part"}),
            ("TABLE.setdefault('a', part)", {"side.<module>", "side.part"}),
            ("for name in ('a', 'b'):\n    TABLE[name] = part", {"side.<module>", "side.part"}),
            ("if True:\n    TABLE['a'] = part", {"side.<module>", "side.part"}),
            ("with open('x'):\n    TABLE['a'] = part", {"side.<module>", "side.part"}),
            ("try:\n    TABLE['a'] = part\nexcept KeyError:\n    pass", {"side.<module>", "side.part"}),
            ("del TABLE['a']", {"side.<module>"}),
            ("TABLE['a'] += part", {"side.<module>", "side.part"}),
            ("fill(TABLE)", {"side.<module>", "side.fill"}),
            ("register('a', part)", {"side.<module>", "side.part", "side.register"}),
            ("setup()", {"side.<module>", "side.setup", "side.register", "side.part"}),
            ("@TABLE.setdefault('a')\ndef late():\n    return 3", {"side.late"}),
            ("@register_as('a')\ndef late():\n    return 3", {"side.late", "side.register_as"}),
            ("@register_all\nclass Late:\n    pass", {"side.Late", "side.register_all"}),
            ("late = register_all(part)", {"side.late", "side.part", "side.register_all"}),
            ("late: int = register_all(part)", {"side.late", "side.part", "side.register_all"}),
            ("Entry('a')", {"side.<module>", "side.Entry"}),
            ("late = Entry('a')", {"side.late", "side.Entry"}),
            ("class Holder:\n    late = register_all(part)", {"side.Holder", "side.part", "side.register_all"}),
        ],
    )
    def test_by(self, reached, statement, expected):
        side = f"""\
from models.table import TABLE


def part():
    return 1


def unrelated():
    return 2


def register(name, value):
    TABLE[name] = value


def register_as(name):
    def enter(function):
        TABLE[name] = function
        return function

    return enter


def register_all(function):
    TABLE[function.__name__] = function
    return function


def fill(table):
    table["a"] = 1


def setup():
    register("a", part)


class Entry:
    def __init__(self, name):
        TABLE[name] = self


{statement}
"""
        found = reached(NET, {"models/table.py": TABLE, "models/side.py": side})
        assert found == {"table.TABLE", "table.build"} | expected

    @pytest.mark.parametrize(
        "statement",
        [
            "COPY = TABLE.copy()",
            "COPY = dict(TABLE)",
            "COPY = {**TABLE}",
            "NAMES = sorted(TABLE)",
            "FIRST = TABLE.get('a')",
            "def later():\n    TABLE['a'] = 1",
            "class Later:\n    def m(self):\n        TABLE['a'] = 1",
            "later = lambda: TABLE.update(a=1)",
            "OTHER = {}\nOTHER['a'] = 1",
        ],
    )
    def test_not_by(self, reached, statement):
        side = f"from models.table import TABLE\n\n{statement}\n"
        found = reached(NET, {"models/table.py": TABLE, "models/side.py": side})
        assert found == {"table.TABLE", "table.build"}

    def test_by_the_own_module(self, reached):
        table = TABLE + "\n\ndef part():\n    return 1\n\n\nTABLE['a'] = part\n"
        assert reached(NET, {"models/table.py": table}) == {
            "table.TABLE",
            "table.build",
            "table.<module>",
            "table.part",
        }

    def test_through_another_modules_name(self, reached):
        side = "from models import table as t\n\n\ndef part():\n    return 1\n\n\nt.TABLE['a'] = part\n"
        assert "side.part" in reached(NET, {"models/table.py": TABLE, "models/side.py": side})

    def test_a_rebound_global(self, reached):
        table = TABLE + "\n\ndef replace(new):\n    global TABLE\n    TABLE = new\n"
        side = "from models.table import replace\n\nreplace({})\n"
        found = reached(NET, {"models/table.py": table, "models/side.py": side})
        assert found == {"table.TABLE", "table.build", "table.replace", "side.<module>"}

    def test_an_object_with_a_method_that_registers(self, reached):
        table = """\
            class Registry:
                def __init__(self):
                    self.entries = {}

                def register(self, name):
                    def enter(function):
                        self.entries[name] = function
                        return function

                    return enter


            REGISTRY = Registry()


            def build(name):
                return REGISTRY.entries[name]
            """
        side = """\
            from models.table import REGISTRY


            @REGISTRY.register("a")
            def part():
                return 1


            def unrelated():
                return 2
            """
        found = reached(NET, {"models/table.py": table, "models/side.py": side})
        assert found == {"table.REGISTRY", "table.Registry", "table.build", "side.part"}


class TestClasses:
    NET = "from models.base import Base\n\n\nclass Net:\n    part = Base\n"

    @pytest.mark.parametrize(
        "statement",
        ["Base.method = method", "setattr(Base, 'method', method)", "for n in 'ab':\n    setattr(Base, n, method)"],
    )
    def test_a_patched_class(self, reached, statement):
        side = f"from models.base import Base\n\n\ndef method(self):\n    return 1\n\n\n{statement}\n"
        others = {"models/base.py": "class Base:\n    pass\n", "models/side.py": side}
        assert reached(self.NET, others) == {"base.Base", "side.<module>", "side.method"}

    def test_subclasses_that_enter_themselves(self, reached):
        base = """\
            class Base:
                known = {}

                def __init_subclass__(cls):
                    cls.known[cls.__name__] = cls
            """
        side = """\
            from models.base import Base


            class Part(Base):
                pass


            class Deeper(Part):
                pass


            class Not:
                pass
            """
        found = reached(self.NET, {"models/base.py": base, "models/side.py": side})
        assert found == {"base.Base", "side.Part", "side.Deeper"}

    def test_subclasses_that_are_only_changed_themselves(self, reached):
        base = "class Base:\n    def __init_subclass__(cls):\n        cls.size = 1\n"
        side = "from models.base import Base\n\n\nclass Part(Base):\n    pass\n"
        assert reached(self.NET, {"models/base.py": base, "models/side.py": side}) == {"base.Base"}

    def test_subclasses_that_enter_a_global_table(self, reached):
        base = (
            "TABLE = []\n\n\nclass Base:\n    def __init_subclass__(cls, **options):\n        TABLE.append(cls)\n\n\n"
            "class Reader:\n    table = TABLE\n"
        )
        side = "from models.base import Base\n\n\nclass Part(Base):\n    pass\n"
        net = self.NET.replace("Base", "Reader")
        found = reached(net, {"models/base.py": base, "models/side.py": side})
        assert found == {"base.Reader", "base.TABLE", "base.Base", "side.Part"}

    def test_a_metaclass_that_enters_classes(self, reached):
        base = (
            "TABLE = []\n\n\nclass Meta(type):\n    def __init__(cls, *arguments):\n        TABLE.append(cls)\n\n\n"
            "class Reader:\n    table = TABLE\n"
        )
        side = "from models.base import Meta\n\n\nclass Part(metaclass=Meta):\n    pass\n"
        net = self.NET.replace("Base", "Reader")
        assert reached(net, {"models/base.py": base, "models/side.py": side}) == {
            "base.Reader",
            "base.TABLE",
            "side.Part",
            "base.Meta",
        }


class TestOutside:
    """What a module changes outside the tree counts for code that imports it."""

    NET = "from models.part import f\n\n\nclass Net:\n    part = f()\n"
    PART = "import models.side\n\n\ndef f():\n    return 1\n"

    @pytest.mark.parametrize(
        "statement",
        [
            "torch.manual_seed(0)",
            "torch.backends.cudnn.benchmark = True",
            "warnings.filterwarnings('error')",
            "print('imported')",
            "for i in range(3):\n    torch.manual_seed(i)",
            "setup()",
            "assert torch.__version__",
            "raise ImportError('no')",
            "setattr(torch, 'x', 1)",
            "del torch.x",
        ],
    )
    def test_counts(self, reached, statement):
        side = f"import torch, warnings\n\n\ndef setup():\n    torch.set_flush_denormal(True)\n\n\n{statement}\n"
        found = reached(self.NET, {"models/part.py": self.PART, "models/side.py": side})
        assert "side.<module>" in found
        assert "side.<module>" not in reached(
            self.NET, {"models/part.py": self.PART.replace("import models.side", ""), "models/side.py": side}
        )

    @pytest.mark.parametrize(
        "statement",
        [
            "'a string'",
            "VALUE = torch.zeros(3)",
            "def later():\n    torch.manual_seed(0)",
            "if __name__ == '__main__':\n    torch.manual_seed(0)",
            "x: int",
            "pass",
            "import torch as other",
            "TABLE['a'] = 1",
        ],
    )
    def test_does_not_count(self, reached, statement):
        side = f"import torch\n\nTABLE = {{}}\n{statement}\n"
        found = reached(self.NET, {"models/part.py": self.PART, "models/side.py": side})
        assert found == {"part.f"}

    def test_through_other_imports_and_packages(self, reached):
        others = {
            "models/part.py": "from models.a.b import g\n\n\ndef f():\n    return 1\n",
            "models/a/__init__.py": "from models import side\n",
            "models/a/b.py": "g = 1\n",
            "models/side.py": "import torch\n\ntorch.manual_seed(0)\n",
        }
        assert reached(self.NET, others) == {"part.f", "side.<module>"}

    def test_through_a_local_import(self, reached):
        others = {
            "models/part.py": "def f():\n    import models.side\n    return 1\n",
            "models/side.py": "import torch\n\ntorch.manual_seed(0)\n",
        }
        assert reached(self.NET, others) == {"part.f", "side.<module>"}

    def test_circles_of_imports_end(self, reached):
        others = {
            "models/part.py": self.PART,
            "models/side.py": "import models.part\nimport torch\n\ntorch.manual_seed(0)\n",
        }
        assert reached(self.NET, others) == {"part.f", "side.<module>"}

    def test_the_statements_that_count_are_followed(self, reached):
        others = {
            "models/part.py": self.PART,
            "models/side.py": "import torch\nfrom models.seed import SEED\n\ntorch.manual_seed(SEED)\n",
            "models/seed.py": "SEED = 1\n",
        }
        assert reached(self.NET, others) == {"part.f", "side.<module>", "seed.SEED"}
