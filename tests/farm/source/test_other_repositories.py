"""Repositories of another layout, by configuration: torchvision's and timm's models, each as a git repository."""

import ast
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from farm.git import Repository
from farm.inventory import Inventory
from farm.planning.plan import SourceReader, make_plan
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import tiny_inventory

LAYOUTS = {
    "torchvision": {
        "package": "torchvision",
        "packages": ["torchvision"],
        "levels": {
            "backbone": "torchvision/models",
            "network": "torchvision/models/segmentation",
            "head": "torchvision/models/detection",
        },
        "toolchain": ["torchvision.models._api"],
    },
    "timm": {
        "package": "timm",
        "packages": ["timm"],
        "levels": {"backbone": "timm/models"},
        "toolchain": ["timm.models._registry"],
    },
}
EXCLUSIONS = {"torchvision": '"*_Weights": weights are no networks\n', "timm": ""}
LEAST = {"torchvision": 120, "timm": 150}


def inventory(name: str) -> Inventory:
    plain = tiny_inventory().model_dump(mode="json")
    return Inventory.model_validate({**plain, "catalogue": {**plain["catalogue"], **LAYOUTS[name], "task_list": []}})


@pytest.fixture(scope="module", params=LAYOUTS)
def other(request, tmp_path_factory):
    """The name of an installed package, a git repository of its source, and a reader of that."""
    found = find_spec(request.param)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{request.param} is not installed: make install brings it")
    home = Path(found.submodule_search_locations[0])
    scratch = Scratch(tmp_path_factory.mktemp("other") / "repository")
    shutil.copytree(
        home,
        scratch.root / request.param,
        ignore=lambda folder, names: [n for n in names if not n.endswith(".py") and not (Path(folder) / n).is_dir()],
    )
    scratch.commit({"exclusions.yaml": EXCLUSIONS[request.param]}, "Copy")
    settings = inventory(request.param)
    return request.param, scratch, SourceReader(Repository.find(scratch.root), settings), settings


def listed(root: Path, folder: str) -> set[str]:
    """Names in the ``__all__`` of the modules that a package imports by star, told by regular expressions."""
    names: set[str] = set()
    for source in re.findall(r"^from \.(\w+) import \*", (root / folder / "__init__.py").read_text(), re.MULTILINE):
        path = root / folder / f"{source}.py"
        text = path.read_text() if path.is_file() else ""
        for literal in re.findall(r"^__all__ = ([\[(].*?[\])])", text, re.MULTILINE | re.DOTALL):
            names.update(ast.literal_eval(literal))
    return names


def test_all_public_names_are_found_and_closures_resolve(other):
    name, scratch, reader, settings = other
    plan = make_plan(reader, settings, changed_since=None)
    assert plan.problems == ()
    found = {e.architecture.name for e in plan.entries}
    for folder in LAYOUTS[name]["levels"].values():
        assert found >= listed(scratch.root, folder) > set()
    tested = list(plan.selected)
    assert len(tested) >= LEAST[name]
    for entry in tested:
        assert entry.closure.root in entry.closure.definitions
        links = [link for d in entry.closure.definitions.values() for link in d.links]
        assert [link for link in links if "(not found)" in link] == [], entry.architecture.name
    sizes = sorted(len(e.closure.definitions) for e in tested)
    assert sizes[len(sizes) // 2] < 500, "a closure is a part of the repository, not all of it"


VARIANTS = {f"vgg{n}{norm}" for n in (11, 13, 16, 19) for norm in ("", "_bn")}
#: Of an edit of VGG: who must be selected, and who may be besides the file's own names.
VGG = {"torchvision": (VARIANTS, {"SSD", "ssd300_vgg16"}), "timm": ({"VGG"}, set())}


def test_an_edit_of_one_family_selects_that_family(other):
    name, scratch, reader, settings = other
    path, old = f"{name}/models/vgg.py", "class VGG(nn.Module):"
    text = (scratch.root / path).read_text()
    assert old in text
    before = scratch.git("rev-parse", "HEAD")
    try:
        scratch.commit({path: "# A comment.\n" + text}, "Comment")
        assert make_plan(reader, settings, changed_since=before).selected == ()
        scratch.commit({path: text.replace(old, f"{old}\n    extra = 1\n")}, "Edit")
        selected = {e.architecture.name for e in make_plan(reader, settings, changed_since="HEAD~1").selected}
    finally:
        scratch.git("reset", "--quiet", "--hard", before)
    entries = make_plan(reader, settings, changed_since=None).selected
    family = {e.architecture.name for e in entries if e.architecture.file == path}
    required, allowed = VGG[name]
    assert required <= selected <= family | allowed


def test_exclusions_by_pattern(other):
    name, _, reader, settings = other
    plan = make_plan(reader, settings, changed_since=None, exclusions_only=True)
    chosen = {e.architecture.name for e in plan.selected}
    if name == "torchvision":
        assert len(chosen) > 80
        assert all(n.endswith("_Weights") for n in chosen)
    else:
        assert chosen == set()
