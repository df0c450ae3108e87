"""Discovery, closures and selection on this repository's own models, from a copy with a history."""

import os
import subprocess
from pathlib import Path

import pytest

from farm.git import Repository
from farm.source.catalogue import Catalogue, discover
from farm.source.closure import compute_closures
from farm.source.select import select

ROOT = Path(__file__).parents[3]
CATALOGUE = Catalogue()


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A copy of the model code with one commit."""
    root = tmp_path_factory.mktemp("copy")
    for package in CATALOGUE.packages:
        for source in (ROOT / package).rglob("*.py"):
            target = root / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "-m", "Copy"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True, env={"PATH": os.environ["PATH"], "HOME": str(root)})
    return Repository.find(root)


@pytest.fixture(scope="module")
def cache():
    return {}


@pytest.fixture(scope="module")
def discovery(repository, cache):
    return discover(repository.tree("HEAD"), CATALOGUE, cache=cache)


@pytest.fixture(scope="module")
def closures(repository, discovery, cache):
    return compute_closures(repository.tree("HEAD"), discovery.architectures, CATALOGUE, cache=cache)


@pytest.fixture
def selections(repository, closures, cache):
    """What an edit of a file of the copy, on disk, selects; the file is put back."""
    undo = []

    def make(path, old, new):
        file = repository.root / path
        text = file.read_text()
        assert old in text
        undo.append((file, text))
        file.write_text(text.replace(old, new, 1))
        tree = repository.working_tree()
        assert "+dirty." in tree.key
        found = discover(tree, CATALOGUE, cache=cache)
        after = compute_closures(tree, found.architectures, CATALOGUE, cache=cache)
        return select(closures, after, since="HEAD")

    yield make
    for file, text in undo:
        file.write_text(text)


def test_every_public_name_is_found(discovery):
    assert discovery.problems == ()
    names = {a.key for a in discovery.architectures}
    assert {"network:resnet50", "network:mobilenetv2", "network:UNet", "backbone:ResNet50", "block:BasicBlock"} <= names


def test_nothing_may_reach_everything(closures):
    """A wildcard over whole packages would select every architecture for every change."""
    broad = {str(w) for c in closures.values() for w in c.wildcards if w.scope in ("*", "models", "mcore", "models.*")}
    assert broad == set()


def test_a_second_commit_needs_no_more_indexing(repository, discovery):
    tree, cache = repository.tree("HEAD"), {}
    first = compute_closures(tree, discovery.architectures, CATALOGUE, cache=cache)
    indexed = dict(cache)
    second = compute_closures(tree, discovery.architectures, CATALOGUE, cache=cache)
    assert {a: c.hash for a, c in first.items()} == {a: c.hash for a, c in second.items()}
    assert cache == indexed


@pytest.mark.parametrize(
    ("definition", "path", "old", "new", "some", "others"),
    [
        pytest.param(
            "models.basicblocks.residual.BasicBlock",
            "models/basicblocks/residual.py",
            "class BasicBlock(Block):",
            "class BasicBlock(Block):\n    extra = 1\n",
            {"block:BasicBlock", "network:resnet18", "backbone:ResNet34", "network:UNetResNet34"},
            {"network:UNet", "network:resnet50", "backbone:SEResNet50", "block:Bottleneck", "head:FCNHead"},
            id="block",
        ),
        pytest.param(
            "models.utils.rounding.make_divisible",
            "models/utils/rounding.py",
            "0.9 *",
            "0.8 *",
            {"network:mobilenetv2", "backbone:MobileNetV2"},
            {"network:UNet", "network:resnet50", "block:InvertedResidual"},
            id="helper",
        ),
        pytest.param(
            "models.attention.squeeze_excitation.SqueezeExcitation",
            "models/attention/squeeze_excitation.py",
            "return x * weights",
            "return weights * x",
            {"attention:SqueezeExcitation", "network:seresnet50", "backbone:SEResNet50"},
            {"network:resnet50", "network:UNet"},
            id="attention",
        ),
        pytest.param(
            "mcore.platform.eager.layers.convolution.ConvTranspose2d",
            "mcore/platform/eager/layers/convolution.py",
            "class ConvTranspose2d(_Transposed):",
            "class ConvTranspose2d(_Transposed):\n    extra = 1\n",
            {"network:UNet"},
            {"network:resnet50", "block:BasicBlock"},
            id="layer of the backend",
        ),
    ],
)
def test_an_edit_selects_exactly_what_reaches_it(selections, closures, definition, path, old, new, some, others):
    found = selections(path, old, new)
    selected = {s.architecture.key for s in found if s.selected}
    assert selected == {a.key for a, c in closures.items() if definition in c.definitions}
    assert some <= selected
    assert not others & selected
    for selection in found:
        last = definition.rpartition(".")[2]
        if selection.selected:
            assert selection.reason.startswith(f"changed: {last}")
            assert selection.chain[0].definition == selection.architecture.definition
            assert selection.chain[-1].definition == definition
        else:
            assert selection.reason == "unchanged since HEAD"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("models/basicblocks/residual.py", "class BasicBlock", "# A comment.\nclass BasicBlock"),
        ("models/backbones/resnet.py", '"""Stem and four stages', '"""Four stages and a stem'),
        ("models/utils/rounding.py", "def make_divisible", "def unused():\n    return 1\n\n\ndef make_divisible"),
        ("mcore/convert/__init__.py", '"""', '"""Changed. '),
        ("models/networks/assembly.py", "def assemble", "def unused():\n    return 1\n\n\ndef assemble"),
        ("mcore/platform/ops/convolution.py", "x.dtype, np.float32", "x.dtype, np.float64"),
        ("mcore/platform/runtime/modes.py", "class Mode(", "class Other:\n    pass\n\n\nclass Mode("),
    ],
)
def test_an_edit_without_effect_selects_nothing(selections, path, old, new):
    assert [s.architecture.key for s in selections(path, old, new) if s.selected] == []


@pytest.mark.parametrize(
    ("path", "old", "new", "named"),
    [
        ("mcore/convert/canonical.py", "def ", "def another():\n    return 1\n\n\ndef ", ""),
        ("mcore/convert/sensitivity.py", "BLIND = 1e-3", "BLIND = 2e-3", "BLIND (mcore/convert/sensitivity.py)"),
        ("mcore/platform/format/graph_json.py", '"""', '"""Changed. ', ""),
        (
            "mcore/platform/ops/convolution.py",
            "(x.shape[0], weight.shape[0], *sizes)",
            "(1, weight.shape[0], *sizes)",
            "_infer_convolution (mcore/platform/ops/convolution.py)",
        ),
    ],
)
def test_an_edit_of_what_converts_selects_everything(selections, path, old, new, named):
    reasons = {s.reason for s in selections(path, old, new)}
    if "ops" in path:  # the architectures' own code reaches it too, by the eager backend
        assert all(r.startswith("changed: _infer_convolution (mcore/platform/ops/convolution.py) via") for r in reasons)
    else:
        assert reasons == {f"changed: {named} of the converter" if named else "unchanged since HEAD"}
