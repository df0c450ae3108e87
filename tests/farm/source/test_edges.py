"""Every sort of edge by which code reaches code, each alone: what is at its end counts, and what is beside it does not."""

import pytest

from farm.source import closure

PARTS = {
    "models/parts.py": """\
        RATE = 2


        def used():
            return RATE


        def beside():
            return 1


        class Part:
            size = 3

            def run(self):
                return self.size
        """
}
YAML = {"models/networks/net.yaml": "widths: [1, 2]\n", "models/networks/other.yaml": "widths: [3]\n"}
IMPORTED = "from models.parts import used\n\n\n"

#: By sort: the network's module, and what of ``models.parts`` is at the end.
EDGES = {
    "a call": (IMPORTED + "class Net:\n    def forward(self):\n        return used()\n", "used"),
    "an attribute of a module": ("from models import parts\n\n\nclass Net:\n    made = parts.used()\n", "used"),
    "an attribute of a dotted module": ("import models.parts\n\n\nclass Net:\n    made = models.parts.used()\n", "used"),
    "a base class and its methods": ("from models.parts import Part\n\n\nclass Net(Part):\n    pass\n", "Part"),
    "a base class of a base class": ("from models.parts import Part\n\n\nclass Middle(Part):\n    pass\n\n\nclass Net(Middle):\n    pass\n", "Part"),
    "a metaclass": ("from models.parts import Part\n\n\nclass Net(metaclass=Part):\n    pass\n", "Part"),
    "a decorator of a class": (IMPORTED + "@used\nclass Net:\n    pass\n", "used"),
    "a decorator of a method": (IMPORTED + "class Net:\n    @used\n    def forward(self):\n        pass\n", "used"),
    "a default value": (IMPORTED + "class Net:\n    def __init__(self, act=used):\n        pass\n", "used"),
    "a default value of a keyword": (IMPORTED + "class Net:\n    def __init__(self, *, act=used):\n        pass\n", "used"),
    "a constant of a module": ("from models.parts import RATE\n\n\nclass Net:\n    rate = RATE\n", "RATE"),
    "a constant made of another": (IMPORTED + "TABLE = {'a': [used]}\n\n\nclass Net:\n    def forward(self):\n        return TABLE\n", "used"),
    "a comprehension": (IMPORTED + "class Net:\n    made = [used() for _ in range(2)]\n", "used"),
    "the condition of a comprehension": (IMPORTED + "class Net:\n    made = {i: i for i in (1, 2) if used()}\n", "used"),
    "a generator": (IMPORTED + "class Net:\n    made = sum(used() for _ in range(2))\n", "used"),
    "the body of a lambda": (IMPORTED + "class Net:\n    made = lambda self: used()\n", "used"),
    "the default of a lambda": (IMPORTED + "class Net:\n    made = lambda self, x=used: x\n", "used"),
    "a star import": ("from models.parts import *\n\n\nclass Net:\n    made = used()\n", "used"),
    "an alias": ("from models.parts import used as other\n\n\nclass Net:\n    made = other()\n", "used"),
    "an alias of a module": ("import models.parts as p\n\n\nclass Net:\n    made = p.used()\n", "used"),
    "an alias by assignment": (IMPORTED + "other = used\n\n\nclass Net:\n    made = other()\n", "used"),
    "an import inside a function": ("class Net:\n    def forward(self):\n        from models.parts import used\n\n        return used()\n", "used"),
    "the first branch of a condition": ("import os\n\nif os.name:\n    from models.parts import used as f\nelse:\n    from os import getcwd as f\n\n\nclass Net:\n    made = f()\n", "used"),
    "the other branch of a condition": ("import os\n\nif os.name:\n    from os import getcwd as f\nelse:\n    from models.parts import used as f\n\n\nclass Net:\n    made = f()\n", "used"),
    "a handler of an import": ("try:\n    from fast import f\nexcept ImportError:\n    from models.parts import used as f\n\n\nclass Net:\n    made = f()\n", "used"),
    "getattr": ("from models import parts\n\n\nclass Net:\n    made = getattr(parts, 'used')()\n", "used"),
    "getattr with a constant": ("from models import parts\n\nWHICH = 'used'\n\n\nclass Net:\n    def forward(self):\n        return getattr(parts, WHICH)()\n", "used"),
    "import_module": ("from importlib import import_module\n\n\nclass Net:\n    made = import_module('models.parts').used()\n", "used"),
    "import_module with a registry of strings": ("from importlib import import_module\n\nHOMES = {'a': 'models.parts'}\n\n\nclass Net:\n    def forward(self, key):\n        return import_module(HOMES[key]).used()\n", "used"),
    "__import__": ("class Net:\n    made = __import__('models.parts', fromlist=['x']).used()\n", "used"),
    "sys.modules": ("import sys\n\nimport models.parts\n\n\nclass Net:\n    made = sys.modules['models.parts'].used()\n", "used"),
    "globals": (IMPORTED + "class Net:\n    made = globals()['used']()\n", "used"),
}  # fmt: skip


@pytest.mark.parametrize("sort", EDGES)
def test_an_edge(one_closure, sort):
    source, name = EDGES[sort]
    start = one_closure(source, PARTS)
    assert f"models.parts.{name}" in start.definitions
    changed = {
        "RATE": ("RATE = 2", "RATE = 3"),
        "used": ("return RATE", "return -RATE"),
        "Part": ("size = 3", "size = 4"),
    }
    edited = {path: text.replace(*changed[name]) for path, text in PARTS.items()}
    assert one_closure(source, edited).hash != start.hash


@pytest.mark.parametrize("sort", [s for s in EDGES if s not in ("getattr with a constant", "sys.modules")])
def test_what_is_beside_its_end_does_not_count(one_closure, sort):
    source, _ = EDGES[sort]
    beside = {path: text.replace("return 1", "return 2") for path, text in PARTS.items()}
    assert one_closure(source, beside).hash == one_closure(source, PARTS).hash


def test_a_reexport(one_closure):
    middle = {"models/middle.py": "from models.parts import used as renamed\n"}
    closure = one_closure(
        "from models.middle import renamed\n\n\nclass Net:\n    made = renamed()\n", {**PARTS, **middle}
    )
    assert "models.parts.used" in closure.definitions


@pytest.mark.parametrize(
    ("expression", "whole"),
    [
        ("getattr(parts, name)", "models.parts"),
        ("import_module(name)", "*"),
        ("import_module('models.' + name)", "models.*"),
        ("vars(parts)", "models.parts"),
        ("globals()[name]", "models.networks.net"),
        ("eval(name)", "models.networks.net"),
    ],
)
def test_what_cannot_be_resolved_is_a_wildcard(one_closure, expression, whole):
    head = "from importlib import import_module\n\nfrom models import parts\n\n\nclass Net:\n    def forward(self, name):\n"
    closure = one_closure(f"{head}        return {expression}\n", PARTS)
    assert whole in {w.scope for w in closure.wildcards}
    assert {(w.file, w.line) for w in closure.wildcards} == {("models/networks/net.py", 8)}
    assert whole == "models.networks.net" or "models.parts.beside" in closure.definitions


class TestConfigurations:
    @pytest.mark.parametrize(
        "read",
        [
            "open('models/networks/net.yaml')",
            "(Path(__file__).parent / 'net.yaml').read_text()",
            "Path(__file__).with_name('net.yaml').read_text()",
            "open(os.path.join(os.path.dirname(__file__), 'net.yaml'))",
            "load('net.yaml')",
        ],
    )
    def test_a_file_that_is_named(self, one_closure, read):
        source = f"import os\nfrom pathlib import Path\nfrom yaml import load\n\n\nclass Net:\n    widths = {read}\n"
        start = one_closure(source, YAML)
        assert [n for n in start.definitions if n.endswith(".yaml")] == ["models/networks/net.yaml"]
        assert one_closure(source, {**YAML, "models/networks/net.yaml": "widths: [1, 3]\n"}).hash != start.hash
        assert one_closure(source, {**YAML, "models/networks/other.yaml": "x"}).hash == start.hash

    @pytest.mark.parametrize(
        "listed",
        [
            "os.listdir('models/tables')",
            "os.scandir('models/tables')",
            "list(os.walk('models/tables'))",
            "list(Path('models/tables').iterdir())",
            "list((Path(__file__).parents[1] / 'tables').iterdir())",
            "list((Path(__file__).parents[1] / 'tables').glob('*'))",
            "list(FOLDER.rglob('*'))",
            "glob.glob('models/tables/*')",
        ],
    )
    def test_a_folder_that_is_listed(self, one_closure, listed):
        """All its files count: those that are there, and those that come."""
        source = f"import glob\nimport os\nfrom pathlib import Path\n\nFOLDER = Path('models') / 'tables'\n\n\nclass Net:\n    made = {listed}\n"
        files = {"models/tables/a.json": "1", "models/tables/b.txt": "2", "models/other/c.json": "3"}
        start = one_closure(source, files)
        assert {n for n in start.definitions if "/" in n} == {"models/tables/a.json", "models/tables/b.txt"}
        assert [(w.line, w.scope) for w in start.wildcards] == [(9, "models/tables/*")] or "parents" in listed
        for changed in ({"models/tables/b.txt": "4"}, {"models/tables/d.json": "4"}):
            assert one_closure(source, {**files, **changed}).hash != start.hash
        assert one_closure(source, {**files, "models/other/c.json": "4"}).hash == start.hash

    def test_a_folder_of_an_unknown_name_is_none(self, one_closure):
        source = "import os\n\n\nclass Net:\n    def load(self, folder):\n        return os.listdir(folder)\n"
        assert one_closure(source, {"models/tables/a.json": "1"}).wildcards == ()


class TestKey:
    """What a conversion is known by, besides the code."""

    NET = "class Net:\n    pass\n"

    def test_the_hash_schema_and_python(self, one_closure, monkeypatch):
        start = one_closure(self.NET)
        monkeypatch.setattr(closure, "HASH_SCHEMA", closure.HASH_SCHEMA.replace("py3", "py4"))
        assert one_closure(self.NET).hash != start.hash

    def test_the_versions_of_the_converter_python_torch_and_numpy(self, monkeypatch):
        import mcore.toolchain

        start = mcore.toolchain.toolchain()
        assert start.keys() >= {"converter", "python", "numpy", "torch"}
        monkeypatch.setattr(mcore.toolchain, "CONVERTER_VERSION", "other")
        assert mcore.toolchain.toolchain() != start
