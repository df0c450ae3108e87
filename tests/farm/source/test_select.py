"""Every architecture gets a decision and a reason, and edits select exactly what reaches them."""

import pytest

from farm.source.select import ChainLink, select
from tests.farm.source.conftest import edited

RESIDUAL = "models/basicblocks/residual.py"
CONV = "models/basicblocks/conv.py"
RESNETS = {"ResNet18", "ResNet50", "resnet18", "resnet50", "FCN"}
BLOCKS = {"BasicBlock", "Bottleneck"}
MOBILES = {"Mobile", "mobile"}

EDITS = {
    "a method of a base block": (
        (RESIDUAL, "shortcut(x, self.body(x))", "shortcut(self.body(x), x)"),
        RESNETS | BLOCKS,
    ),
    "a class attribute of a derived block": (
        (RESIDUAL, "expansion = 4", "expansion = 2"),
        {"Bottleneck", "ResNet50", "resnet50", "FCN"},
    ),
    "a helper three levels down": (
        (RESIDUAL, "F.relu(x + y)", "F.relu(y + x)"),
        RESNETS | BLOCKS,
    ),
    "a block that blocks are made of": (
        (CONV, "Conv2d(channels, channels, 3)", "Conv2d(channels, channels, 5)"),
        RESNETS | BLOCKS | {"ConvNormAct"},
    ),
    "a default value": ((CONV, "act=ReLU", "act=None"), RESNETS | BLOCKS | {"ConvNormAct"}),
    "a default that is a constant": (("models/utils/rounding.py", "DIVISOR = 8", "DIVISOR = 16"), MOBILES),
    "a function behind another": (("models/utils/rounding.py", "divisor / 2", "divisor / 3"), MOBILES),
    "a constant": (("models/backbones/resnet.py", "(64, 128,", "(32, 128,"), RESNETS),
    "a base class": (
        (RESIDUAL, "class Bottleneck(BasicBlock)", "class Bottleneck(BasicBlock, ConvNormAct)"),
        {"Bottleneck", "ResNet50", "resnet50", "FCN"},
    ),
    "a mixin of networks": (
        ("models/networks/classification.py", "classes=1000", "classes=10"),
        {"resnet18", "resnet50"},
    ),
    "a head": (("models/heads/fcn.py", "scale_factor=8", "scale_factor=4"), {"FCNHead", "FCN"}),
    "the base of everything": (
        ("mcore/module.py", "parts = {}", "parts = {'a': 1}"),
        RESNETS | BLOCKS | MOBILES | {"ConvNormAct", "FCNHead"},
    ),
    "which function an alias means": (
        ("mcore/functional.py", "interpolate, relu, softmax", "interpolate, leaky_relu as relu, softmax"),
        RESNETS | BLOCKS,
    ),
    "which layer a re-exported name means": (
        ("mcore/layers.py", "ReLU, ReLU6\n__all__", "ReLU, SiLU as ReLU6\n__all__"),
        MOBILES,
    ),
    "a name that nothing uses": (("mcore/functional.py", ", softmax", ""), set()),
    "a docstring and a comment": (
        (RESIDUAL, "    expansion = 1\n", '    """Two convolutions."""  # plain\n\n    expansion = 1\n'),
        set(),
    ),
    "a new name in __all__ of a package that others import from": (
        ("models/utils/__init__.py", "__all__ = ['make_divisible']", "__all__ = ['make_divisible', 'nearest']"),
        set(),
    ),
}


REGISTRY = {
    "models/utils/registry.py": """\
        TABLE = {}


        def register(function):
            TABLE[function.__name__] = function
            return function


        def build(name):
            return TABLE[name]()
        """,
    "models/heads/extra.py": """\
        from models.utils.registry import register


        @register
        def small():
            return 1


        @register
        def large():
            return 2


        def unrelated():
            return 3
        """,
    "models/heads/fcn.py": """\
        from models.utils.registry import build


        class FCNHead:
            def __init__(self):
                self.size = build("small")
        """,
}


COMPUTED = {
    "models/utils/build.py": """\
        from importlib import import_module


        def build(kind, name):
            return getattr(import_module(f"models.{kind}"), name)
        """,
    "models/heads/fcn.py": """\
        from models.utils.build import build


        class FCNHead:
            def __init__(self):
                self.part = build("backbones", "Mobile")
        """,
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_selects_exactly_what_reaches_it(selected, what):
    edit, expected = EDITS[what]
    assert selected(edit) == expected


class TestReasons:
    def test_names_the_method_and_the_shortest_way(self, select_edit):
        found = select_edit((RESIDUAL, "shortcut(x, self.body(x))", "shortcut(self.body(x), x)"))
        assert found["resnet18"].reason == (
            "changed: BasicBlock.forward (models/basicblocks/residual.py) via ResNet18 → resnet18"
        )
        assert found["resnet18"].chain == (
            ChainLink("models.networks.classification.resnet18", "models/networks/classification.py", 14),
            ChainLink("models.backbones.resnet.ResNet18", "models/backbones/resnet.py", 20),
            ChainLink("models.basicblocks.residual.BasicBlock", "models/basicblocks/residual.py", 10),
        )
        assert found["FCN"].reason == (
            "changed: BasicBlock.forward (models/basicblocks/residual.py) via Bottleneck → ResNet50 → FCN"
        )
        assert found["BasicBlock"].reason == "changed: BasicBlock.forward (models/basicblocks/residual.py)"
        assert [link.definition for link in found["BasicBlock"].chain] == ["models.basicblocks.residual.BasicBlock"]

    def test_what_is_not_selected_says_since_when(self, select_edit):
        found = select_edit((RESIDUAL, "expansion = 4", "expansion = 2"))
        assert found["mobile"].reason == "unchanged since then"
        assert not found["mobile"].selected
        assert found["mobile"].chain == ()

    def test_a_class_attribute(self, select_edit):
        found = select_edit((RESIDUAL, "expansion = 4", "expansion = 2"))
        assert found["Bottleneck"].reason == "changed: Bottleneck.expansion (models/basicblocks/residual.py)"

    def test_two_methods(self, select_edit):
        found = select_edit((CONV, "self.conv = Conv2d(", "self.c = Conv2d("), (CONV, "self.conv(x)", "self.c(x)"))
        assert found["ConvNormAct"].reason == (
            "changed: ConvNormAct.__init__, ConvNormAct.forward (models/basicblocks/conv.py)"
        )

    def test_an_added_and_a_removed_method(self, select_edit):
        found = select_edit(
            (CONV, "    def forward(self, x):", "    def other(self):\n        return 1\n\n    def forward(self, x):"),
            (RESIDUAL, "    def forward(self, x):\n        return shortcut(x, self.body(x))\n", ""),
        )
        assert found["ConvNormAct"].reason == "changed: ConvNormAct.other (models/basicblocks/conv.py)"
        assert found["BasicBlock"].reason.startswith("changed: BasicBlock.forward (models/basicblocks/residual.py)")

    def test_the_header_of_a_class(self, select_edit):
        found = select_edit((RESIDUAL, "class Bottleneck(BasicBlock)", "class Bottleneck(BasicBlock, object)"))
        assert found["Bottleneck"].reason == "changed: Bottleneck (models/basicblocks/residual.py)"

    def test_many_methods_are_the_class(self, select_edit):
        more = "".join(f"\n    def m{i}(self):\n        return {i}\n" for i in range(4))
        found = select_edit((RESIDUAL, "expansion = 4\n", f"expansion = 4\n{more}"))
        assert found["Bottleneck"].reason == "changed: Bottleneck (models/basicblocks/residual.py)"

    def test_several_changes_name_the_nearest_and_count_the_others(self, select_edit):
        found = select_edit(
            (RESIDUAL, "F.relu(x + y)", "F.relu(y + x)"),
            (CONV, "Conv2d(channels, channels, 3)", "Conv2d(channels, channels, 5)"),
            ("models/backbones/resnet.py", "(64, 128,", "(32, 128,"),
        )
        assert found["ResNet18"].reason == (
            "changed: WIDTHS (models/backbones/resnet.py) via ResNet → ResNet18 (and 2 more)"
        )
        assert found["ConvNormAct"].reason == "changed: ConvNormAct.__init__ (models/basicblocks/conv.py)"

    def test_a_name_that_means_something_else(self, select_edit):
        found = select_edit(("mcore/functional.py", "relu, softmax", "leaky_relu as relu, softmax"))
        assert found["BasicBlock"].reason == (
            "changed: names in shortcut (models/basicblocks/residual.py) mean something else: "
            "F.relu = <torch.nn.functional.leaky_relu> via BasicBlock"
        )

    def test_an_edit_explains_a_name_that_means_something_else(self, select_edit):
        found = select_edit(
            ("models/backbones/mobile.py", "from models import Conv2d, ReLU6", "from models import Conv2d, ReLU"),
            ("models/backbones/mobile.py", "self.act = ReLU6()", "self.act = ReLU()"),
        )
        assert found["mobile"].reason == "changed: Mobile.__init__ (models/backbones/mobile.py) via mobile"

    def test_a_moved_definition(self, select_edit, zoo):
        source = zoo["models/heads/fcn.py"]
        found = select_edit(
            ("models/heads/__init__.py", "models.heads.fcn", "models.heads.simple"),
            add={"models/heads/simple.py": source},
        )
        assert found["FCNHead"].reason == "moved: models.heads.fcn.FCNHead is models.heads.simple.FCNHead now"
        assert found["FCN"].selected

    def test_one_line_each(self, select_edit):
        for selection in select_edit((RESIDUAL, "expansion = 1", "expansion = '\\n'")).values():
            assert "\n" not in selection.reason


class TestDecisions:
    def test_no_earlier_commit(self, zoo, by_architecture):
        after = by_architecture(zoo)
        found = select(None, after)
        assert len(found) == len(after)
        assert all(s.selected for s in found)
        assert {s.reason for s in found} == {"new: there is no earlier commit to compare with"}
        assert found[0].chain[0].file == found[0].architecture.file

    def test_a_new_architecture(self, select_edit):
        found = select_edit(
            ("models/heads/__init__.py", "['FCNHead']", "['FCNHead', 'Other']"),
            ("models/heads/__init__.py", "import FCNHead", "import FCNHead, Other"),
            ("models/heads/fcn.py", "class FCNHead", "class Other(Module):\n    pass\n\n\nclass FCNHead"),
        )
        assert found["Other"].selected
        assert found["Other"].reason == "new architecture"
        assert [n for n, s in found.items() if s.selected] == ["Other"]

    def test_a_removed_architecture_is_reported(self, select_edit):
        found = select_edit(("models/networks/__init__.py", '"mobile", ', ""))
        assert found["mobile"].reason == "removed since then"
        assert not found["mobile"].selected
        assert found["Mobile"].reason == "unchanged since then"

    def test_excluded(self, zoo, by_architecture):
        before, after = by_architecture(zoo), by_architecture(zoo)
        excluded = {a: "too slow" for a in after if a.name == "FCN"}
        kept = {a: c for a, c in after.items() if a not in excluded}
        found = {s.architecture.name: s for s in select(before, kept, excluded=excluded)}
        assert found["FCN"].reason == "excluded: too slow"
        assert not found["FCN"].selected
        assert found["mobile"].reason == "unchanged"
        again = {s.architecture.name: s for s in select(before, after, excluded=excluded)}
        assert again["FCN"].reason == "excluded: too slow"

    def test_everything(self, zoo, by_architecture):
        same = by_architecture(zoo)
        found = select(same, same, since="then", everything="the selector missed resnet50")
        assert all(s.selected for s in found)
        assert {s.reason for s in found} == {"everything is selected: the selector missed resnet50"}

    def test_everything_without_an_earlier_commit(self, zoo, by_architecture):
        found = select(None, by_architecture(zoo), everything="all were asked for")
        assert {(s.selected, s.reason) for s in found} == {(True, "everything is selected: all were asked for")}

    def test_everything_keeps_the_reasons_of_what_changed(self, zoo, by_architecture):
        before = by_architecture(zoo)
        after = by_architecture({**zoo, "models/utils/rounding.py": "def make_divisible(v):\n    return v\n"})
        found = {s.architecture.name: s for s in select(before, after, everything="asked for")}
        assert found["mobile"].reason.startswith("changed: make_divisible")
        assert found["FCN"].reason == "everything is selected: asked for"

    def test_every_architecture_has_one_decision(self, select_edit):
        found = select_edit((RESIDUAL, "expansion = 4", "expansion = 2"))
        assert len(found) == 11
        assert all(s.reason for s in found.values())

    def test_a_revert_selects_the_same_and_then_nothing(self, zoo, by_architecture):
        before = by_architecture(zoo)
        changed = by_architecture({**zoo, RESIDUAL: zoo[RESIDUAL].replace("expansion = 4", "expansion = 2")})
        there = {s.architecture.name for s in select(before, changed) if s.selected}
        back = {s.architecture.name for s in select(changed, before) if s.selected}
        assert there == back == {"Bottleneck", "ResNet50", "resnet50", "FCN"}
        assert not any(s.selected for s in select(before, by_architecture(zoo)))


class TestRegistries:
    def test_what_fills_a_registry_counts_for_who_reads_it(self, select_edit):
        found = select_edit(("models/heads/extra.py", "return 2", "return 4"), base=REGISTRY)
        assert {n for n, s in found.items() if s.selected} == {"FCNHead", "FCN"}
        assert found["FCNHead"].reason == ("changed: large (models/heads/extra.py) via TABLE → build → FCNHead")

    def test_what_does_not_fill_it_does_not(self, selected):
        assert selected(("models/heads/extra.py", "return 3", "return 5"), base=REGISTRY) == set()

    def test_an_entry_that_is_gone(self, select_edit):
        found = select_edit(("models/heads/extra.py", "@register\ndef large", "def large"), base=REGISTRY)
        assert found["FCN"].reason == (
            "changed: large (models/heads/extra.py) is no longer reached via TABLE → build → FCNHead → FCN"
        )

    def test_an_entry_that_is_new(self, select_edit):
        found = select_edit(("models/heads/extra.py", "def unrelated", "@register\ndef unrelated"), base=REGISTRY)
        assert found["FCN"].reason.startswith("changed: now reaches unrelated (models/heads/extra.py) via TABLE")


class TestBrokenImports:
    """Whoever imports a module that cannot be imported cannot be built."""

    def test_a_name_that_is_gone_counts_for_all_who_import_the_package(self, select_edit):
        found = select_edit(
            ("models/backbones/mobile.py", "class Mobile(", "class Other("),
            ("models/backbones/__init__.py", '"Mobile", ', ""),
        )
        assert {n for n, s in found.items() if s.selected} == RESNETS | {"mobile"}
        assert found["ResNet18"].reason == (
            "changed: now reaches models.backbones, which cannot be imported (from models.backbones.mobile import Mobile) "
            "(models/backbones/__init__.py) via ResNet18"
        )

    def test_a_name_that_is_back(self, zoo, by_architecture):
        broken = edited(zoo, ("models/heads/fcn.py", "class FCNHead", "class Head"))
        tree = {**broken, "models/heads/__init__.py": "from models.heads.fcn import FCNHead\n__all__ = []\n"}
        whole = {**zoo, "models/heads/__init__.py": "from models.heads.fcn import FCNHead\n__all__ = []\n"}
        found = {s.architecture.name: s for s in select(by_architecture(tree), by_architecture(whole))}
        assert (
            "models.networks.segmentation, which cannot be imported (from models.heads import FCNHead)"
            in found["resnet18"].reason
        )
        assert "is no longer reached" in found["resnet18"].reason
        assert not found["ResNet18"].selected


class TestWildcards:
    def test_a_computed_import_depends_on_all_it_can_reach(self, select_edit):
        found = select_edit(("models/utils/rounding.py", "DIVISOR = 8", "DIVISOR = 16"), base=COMPUTED)
        assert {n for n, s in found.items() if s.selected} == {"FCNHead", "FCN", *MOBILES}
        assert found["FCNHead"].reason == (
            "changed: DIVISOR (models/utils/rounding.py) via build → FCNHead, wildcard: "
            "import_module(f'models.{kind}') (models/utils/build.py:5) may reach anything in models.*"
        )
