"""What converts counts for every architecture, kernels of devices for none; constants, shape rules and declarations do."""

import textwrap

import pytest

from farm.source.catalogue import Architecture, Catalogue
from farm.source.closure import Closure
from farm.source.converter import CONVERTER, converter_node
from farm.source.select import Selection, select

OPS = {
    "mcore/platform/__init__.py": "",
    "mcore/platform/runtime/__init__.py": "def run(graph):\n    return 1\n",
    "mcore/platform/ops/__init__.py": "from mcore.platform.ops import basic\n",
    "mcore/platform/ops/registry.py": """\
        _OPS = {}


        def op(name, *, inputs, infer):
            def register(kernel):
                _OPS[name] = infer, kernel
                return kernel

            return register


        def get(name):
            return _OPS[name]
        """,
    "mcore/platform/ops/basic.py": """\
        from mcore.platform.ops.registry import op


        def _infer(x):
            return x


        def _twice(x):
            return 2 * x


        @op("double", inputs=("x",), infer=_infer)
        def double(x):
            return _twice(x)


        def _count(n):
            return n


        @op("zeros", inputs=(), infer=_infer)
        def zeros(*, size):
            return _count(size) * [0]


        @op("triple", inputs=("x",), infer=_infer)
        def triple(x):
            return 3 * x
        """,
    "mcore/convert/__init__.py": "from mcore.convert.bundle import toplatform\n",
    "mcore/convert/bundle.py": """\
        from mcore.convert.trace import trace
        from mcore.platform.format.writer import write
        from mcore.platform.runtime import run


        def toplatform(model, folder):
            write(run(trace(model)))
        """,
    "mcore/convert/trace.py": """\
        import mcore.platform.ops
        from mcore.platform.ops import registry
        from mcore.platform.ops.basic import triple

        HANDLERS = {}


        def handles(function):
            HANDLERS[function.__name__] = function
            return function


        @handles
        def conv2d(x):
            return registry.get("double")[0](x)


        def trace(model):
            return HANDLERS["conv2d"](model), triple(1)
        """,
    "mcore/platform/format/__init__.py": "",
    "mcore/platform/format/writer.py": "VERSION = 1\n\n\ndef write(graph):\n    return VERSION\n",
}
OPS = {path: textwrap.dedent(text) for path, text in OPS.items()}
BASIC, TRACE, WRITER = "mcore/platform/ops/basic.py", "mcore/convert/trace.py", "mcore/platform/format/writer.py"

#: What an edit does, by the definition of the converter that the reason names; an empty one for edits that select nothing.
EDITS = {
    "a kernel": (BASIC, "return _twice(x)", "return _twice(x) + 0", ""),
    "a helper of a kernel": (BASIC, "return 2 * x", "return x + x", ""),
    "the planned runtime": ("mcore/platform/runtime/__init__.py", "return 1", "return 2", ""),
    "a comment of the converter": (TRACE, "HANDLERS = {}", "HANDLERS = {}  # by name", ""),
    "a docstring of the converter": (TRACE, "def trace(model):", 'def trace(model):\n    "Traces."', ""),
    "a kernel's shape rule": (
        BASIC,
        "def _infer(x):\n    return x",
        "def _infer(x):\n    return -x",
        f"_infer ({BASIC})",
    ),
    "a kernel's declaration": (
        BASIC,
        'op("double", inputs=("x",)',
        'op("double", inputs=("x", "y")',
        f"double ({BASIC})",
    ),
    "a kernel that is gone": (BASIC, '@op("double", inputs=("x",), infer=_infer)\n', "", f"double ({BASIC})"),
    "a kernel that makes a constant": (BASIC, "* [0]", "* [1]", f"zeros ({BASIC})"),
    "a helper of one": (BASIC, "return n\n", "return n + 1\n", f"_count ({BASIC})"),
    "a kernel that the converter calls": (BASIC, "return 3 * x", "return 4 * x", f"triple ({BASIC})"),
    "a handler in a table": (TRACE, "[0](x)", "[1](x)", f"conv2d ({TRACE})"),
    "a constant of the format": (WRITER, "VERSION = 1", "VERSION = 2", f"VERSION ({WRITER})"),
}


@pytest.fixture
def edit(zoo, by_architecture):
    """What an edit of the converter's files selects."""
    files = {**zoo, **OPS}

    def make(path: str, old: str, new: str) -> tuple[Selection, ...]:
        assert old in files[path]
        changed = {**files, path: files[path].replace(old, new)}
        return select(by_architecture(files), by_architecture(changed), since="then")

    return make


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_selects_all_or_nothing(edit, what):
    path, old, new, named = EDITS[what]
    found = edit(path, old, new)
    if named:
        assert {s.reason for s in found} == {f"changed: {named} of the converter"}
        assert {s.chain[-1].file for s in found} == {"mcore/convert/bundle.py"}
        assert all(s.selected and s.chain[0].definition == s.architecture.definition for s in found)
    else:
        assert {s.reason for s in found} == {"unchanged since then"}


def test_the_architectures_own_change_is_named_first(zoo, by_architecture):
    files = {**zoo, **OPS}
    changed = {
        **files,
        WRITER: files[WRITER].replace("VERSION = 1", "VERSION = 2"),
        "models/utils/rounding.py": files["models/utils/rounding.py"].replace("DIVISOR = 8", "DIVISOR = 16"),
    }
    found = {s.architecture.name: s for s in select(by_architecture(files), by_architecture(changed))}
    assert found["mobile"].reason.startswith("changed: DIVISOR (models/utils/rounding.py) via")
    assert found["FCN"].reason == f"changed: VERSION ({WRITER}) of the converter"


def test_several_changes_are_counted(zoo, by_architecture):
    files = {**zoo, **OPS}
    changed = {**files, BASIC: files[BASIC].replace("return x\n", "return -x\n").replace("* [0]", "* [1]")}
    reasons = {s.reason for s in select(by_architecture(files), by_architecture(changed))}
    assert reasons == {f"changed: _infer ({BASIC}) of the converter (and 1 more)"}


def test_an_architecture_from_outside_the_tree_is_converted_too(zoo, by_architecture):
    necks = {"models/necks/__init__.py": "from torch.nn import Identity\n__all__ = ['Identity']\n"}
    files = {**zoo, **OPS, **necks}
    changed = {**files, WRITER: files[WRITER].replace("VERSION = 1", "VERSION = 2")}
    found = {s.architecture.name: s for s in select(by_architecture(files), by_architecture(changed))}
    assert found["Identity"].selected
    assert found["Identity"].chain[0].file == "models/necks/__init__.py"


def test_a_converter_that_comes_and_goes(zoo, by_architecture):
    without, with_one = by_architecture(zoo), by_architecture({**zoo, **OPS})
    assert {s.reason for s in select(without, with_one)} == {"changed: the converter came to the tree"}
    assert {s.reason for s in select(with_one, without)} == {"changed: the converter left the tree"}


def test_the_code_alone_has_a_hash_too(zoo, by_architecture):
    """So that a row's last change is the network's, not the converter's."""

    def hashes(files: dict[str, str]) -> tuple[Closure, Architecture]:
        return next((c, a) for a, c in by_architecture(files).items() if a.name == "mobile")

    files = {**zoo, **OPS}
    before, _ = hashes(files)
    after, _ = hashes({**files, WRITER: files[WRITER].replace("VERSION = 1", "VERSION = 2")})
    assert before.hash != after.hash
    assert before.code == after.code


def test_a_converter_that_does_not_parse_counts_by_its_bytes(files):
    one, two = (
        converter_node(files({"mcore/__init__.py": "", "mcore/convert/bundle.py": text}), Catalogue())
        for text in ("def toplatform(:\n", "def toplatform(::\n")
    )
    assert one is not None
    assert two is not None
    assert one.own != two.own


def test_its_members_are_its_definitions(files):
    node = converter_node(files(OPS), Catalogue())
    assert node is not None
    assert node.name == CONVERTER
    names = {m.name for m in node.members}
    assert {f"conv2d ({TRACE})", f"double ({BASIC})", f"_count ({BASIC})", f"write ({WRITER})"} <= names
    assert not {f"_twice ({BASIC})", "run (mcore/platform/runtime/__init__.py)"} & names


def test_its_wildcards_are_among_those_of_every_closure(zoo, by_architecture):
    """They are places in the definitions of a closure, of which the converter is one: ``farm doctor`` is to tell of them."""
    wild = "\n\ndef write(graph):\n    return globals()[graph.name]\n"
    files = {**zoo, **OPS, WRITER: "VERSION = 1\n" + wild}
    for closure in by_architecture(files).values():
        assert [(w.file, w.line) for w in closure.wildcards] == [(WRITER, 5)]
        assert CONVERTER in closure.definitions


def test_another_repository_has_none(files):
    assert converter_node(files({"torchvision/models/__init__.py": ""}), Catalogue()) is None
