"""All that changed, each with a chain that can be walked, and what an edit somewhere would select."""

from __future__ import annotations

from itertools import pairwise

import pytest

from farm.source.select import select
from farm.source.why import all_changes, chains_to
from tests.farm.source.conftest import closures_of, edited

RESIDUAL = "models/basicblocks/residual.py"
BODY = (RESIDUAL, "shortcut(x, self.body(x))", "shortcut(self.body(x), x)")


@pytest.fixture(scope="module")
def before(zoo):
    return closures_of(zoo)


def named(closures, name):
    return next(a for a in closures if a.name == name)


@pytest.fixture
def changes(zoo, before):
    """Changes that edits make for one architecture."""

    def make(name, *edits):
        after = closures_of(edited(zoo, *edits))
        a = named(after, name)
        return all_changes(a, before[a], after[a])

    return make


def test_a_chain_reads_from_the_architecture_to_the_method_that_changed(changes):
    (change,) = changes("resnet50", BODY)
    assert [str(link) for link in change.chain] == [
        "resnet50 (models/networks/classification.py:18)",
        "ResNet50 (models/backbones/resnet.py:24)",
        "Bottleneck (models/basicblocks/residual.py:21)",
        "BasicBlock.forward (models/basicblocks/residual.py:17)",
    ]
    assert (change.what, change.parts, change.definition) == (
        "changed", ("forward",), "models.basicblocks.residual.BasicBlock",
    )  # fmt: skip


def test_all_changes_are_listed_the_nearest_edit_first(changes):
    found = changes(
        "resnet18",
        BODY,
        (RESIDUAL, "F.relu(x + y)", "F.relu(y + x)"),
        ("models/backbones/resnet.py", "(64, 128,", "(32, 128,"),
        ("models/basicblocks/conv.py", "self.norm(self.conv(x))", "self.conv(self.norm(x))"),
    )
    assert [c.chain[-1].label for c in found] == ["BasicBlock.forward", "WIDTHS", "ConvNormAct.forward", "shortcut"]
    assert {c.what for c in found} == {"changed"}


def test_what_is_reached_no_more_and_what_is_reached_now(changes):
    found = changes("Mobile", ("models/backbones/mobile.py", "make_divisible(32 * width)", "len(str(width))"))
    by_label = {c.chain[-1].label: c for c in found}
    assert by_label["Mobile.__init__"].what == "changed"
    assert {n for n, c in by_label.items() if c.what == "no longer reached"} == {"DIVISOR", "make_divisible", "nearest"}
    assert [n.label for n in by_label["nearest"].chain] == ["Mobile", "make_divisible", "nearest"]
    found = changes(
        "FCNHead",
        ("models/heads/fcn.py", "import Conv2d", "import Conv2d\nfrom models.utils import make_divisible"),
        ("models/heads/fcn.py", "(64, classes, 1)", "(64, make_divisible(classes), 1)"),
    )
    by_label = {c.chain[-1].label: c for c in found}
    assert found[0].chain[-1].label == "FCNHead.__init__"
    assert {n for n, c in by_label.items() if c.what == "now reached"} == {"DIVISOR", "make_divisible", "nearest"}


def test_names_that_mean_something_else_are_told(changes):
    (change,) = changes("BasicBlock", ("mcore/functional.py", "relu, softmax", "leaky_relu as relu, softmax"))
    assert change.what == "its names mean something else"
    assert change.details == ("F.relu = <torch.nn.functional.leaky_relu>",)


def test_the_first_change_is_the_one_that_selection_names(zoo, before):
    after = closures_of(edited(zoo, BODY, ("models/heads/fcn.py", "scale_factor=8", "scale_factor=4")))
    for selection in select(before, after, since="then"):
        a = selection.architecture
        found = all_changes(a, before[a], after[a])
        assert bool(found) is selection.selected
        if found:
            assert [n.definition for n in found[0].chain] == [n.definition for n in selection.chain]


def test_every_chain_is_a_way_along_edges(zoo, before):
    for a, closure in before.items():
        for name, definition in closure.definitions.items():
            (chain, *_) = chains_to(a, closure, name)
            assert (chain[0].definition, chain[-1].definition) == (closure.root, name)
            assert (chain[-1].file, chain[-1].line) == (definition.file, definition.line)
            for one, following in pairwise(chain):
                assert following.definition in closure.edges[one.definition]


@pytest.mark.parametrize(
    ("asked", "last"),
    [
        ("BasicBlock", "BasicBlock"),
        ("models.basicblocks.residual.BasicBlock", "BasicBlock"),
        ("BasicBlock.forward", "BasicBlock.forward"),
        ("residual.BasicBlock.forward", "BasicBlock.forward"),
        (RESIDUAL, "BasicBlock"),
        ("nearest", None),
        ("Block", None),
        ("BasicBlock.backward", None),
        ("models/heads/fcn.py", None),
        ("", None),
    ],
)
def test_a_definition_or_file_is_reached_or_not(before, asked, last):
    a = named(before, "ResNet18")
    chains = chains_to(a, before[a], asked)
    assert (chains[0][-1].label if chains else None) == last


def test_the_shortest_chain_is_the_first(before):
    a = named(before, "FCN")
    assert [len(c) for c in chains_to(a, before[a], RESIDUAL)] == sorted(
        len(c) for c in chains_to(a, before[a], RESIDUAL)
    )


def test_a_wildcard_on_the_way_is_named(one_closure, by_architecture, zoo):
    files = {
        **zoo,
        "models/networks/segmentation.py": zoo["models/networks/segmentation.py"]
        + "\n\nimport importlib\n\n\ndef load(name):\n    return importlib.import_module('models.necks.' + name)\n",
        "models/necks/other.py": "def build():\n    return 1\n",
    }
    files["models/networks/segmentation.py"] = files["models/networks/segmentation.py"].replace(
        "self.head = FCNHead()", "self.head = load('other')"
    )
    closures = by_architecture(files)
    a = named(closures, "FCN")
    ((*_, load, build),) = chains_to(a, closures[a], "build")
    assert (load.label, load.wildcard) == ("load", "")
    assert "may reach anything in models.necks.*" in build.wildcard
    assert build.wildcard.count("models/networks/segmentation.py:") == 1


CONVERTS = {
    "mcore/convert/__init__.py": "",
    "mcore/convert/bundle.py": "from mcore.convert.trace import trace\n\n\ndef toplatform(model):\n    return trace(model)\n",
    "mcore/convert/trace.py": "def trace(model):\n    return model\n",
}


@pytest.fixture
def converting(zoo, by_architecture):
    """Closures of the small repository with a converter that traces in some way; with a public name from outside, too."""

    def make(trace="return model"):
        attention = {"models/attention/__init__.py": "from torch.nn import Linear\n\n__all__ = ['Linear']\n"}
        return by_architecture(
            edited({**zoo, **CONVERTS, **attention}, ("mcore/convert/trace.py", "return model", trace))
        )

    return make


@pytest.mark.parametrize("name", ["ResNet18", "Linear"])
def test_a_change_of_the_converter_is_named_for_all(converting, name):
    before, after = converting(), converting("return model.eval()")
    a = named(after, name)
    (change,) = all_changes(a, before[a], after[a])
    assert (change.what, change.parts) == ("the converter changed", ("trace (mcore/convert/trace.py)",))
    assert [link.label for link in change.chain] == [name, "the converter"]


@pytest.mark.parametrize("asked", ["trace", "mcore/convert/trace.py", "mcore.convert.trace.trace"])
def test_the_converter_is_reached_by_all(converting, asked):
    closures = converting()
    a = named(closures, "Mobile")
    (chain,) = chains_to(a, closures[a], asked)
    assert [link.label for link in chain] == ["Mobile", "the converter", "trace"]
    assert (chain[-1].file, chain[-1].line) == ("mcore/convert/trace.py", 1)
