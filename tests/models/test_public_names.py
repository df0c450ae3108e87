"""The lists of public names are what the farm needs: literal, complete, and of classes that a person can read and build."""

import ast
import inspect
import sys
from importlib import import_module

import pytest

from mcore.module import Module
from tests.models.catalogue import FAMILIES, PUBLIC, ROOT, literal_all

MODEL_FILES = sorted((ROOT / "models").rglob("*.py"))
REQUIRED = {
    "networks": {"resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "seresnet50", "mobilenetv2"}
    | {"UNet", "FCNResNet50", "UNetResNet34"},
    "backbones": {"ResNet18", "ResNet34", "ResNet50", "ResNet101", "ResNet152", "SEResNet50", "MobileNetV2"},
    "necks": {"FPN"},
    "heads": {"ClassificationHead", "FCNHead", "UNetDecoder"},
    "attention": {"SqueezeExcitation"},
    "basicblocks": {"BasicBlock", "Bottleneck", "ConvNormAct", "DoubleConv", "InvertedResidual", "UpBlock"},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_list_holds_what_is_promised_and_no_name_twice(family):
    names = literal_all(ROOT / "models" / family / "__init__.py")
    assert set(names) >= REQUIRED[family]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_name_is_imported_explicitly(family):
    tree = ast.parse((ROOT / "models" / family / "__init__.py").read_text())
    imported = [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(imported) == sorted(literal_all(ROOT / "models" / family / "__init__.py"))


@pytest.mark.parametrize("public", PUBLIC, ids=str)
def test_a_name_is_a_module_class_with_a_docstring_and_keyword_only_parameters_with_defaults(public):
    target = public.target
    assert inspect.isclass(target)
    assert issubclass(target, Module)
    assert target.__name__ == public.name
    assert target.__doc__
    parameters = list(inspect.signature(target.__init__).parameters.values())[1:]
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters)
    assert all(p.default is not p.empty for p in parameters)


@pytest.mark.parametrize("public", [p for p in PUBLIC if p.family != "basicblocks"], ids=str)
def test_a_name_leads_to_its_paper(public):
    docs = [
        import_module(base.__module__).__doc__ or ""
        for base in public.target.__mro__
        if base.__module__.startswith("models.")
    ]
    assert "https://arxiv.org/abs/" in docs[0], f"no paper in the module docstring of {public.target.__module__}"


@pytest.mark.parametrize("path", MODEL_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_model_files_import_nothing_but_mcore_models_and_the_standard_library(path):
    allowed = {"mcore", "models", *sys.stdlib_module_names}
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            imported.add((node.module or "").partition(".")[0])
    assert imported <= allowed


@pytest.mark.parametrize("path", MODEL_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_importing_a_model_file_only_defines(path):
    """Statements at module level are docstrings, imports, assignments, functions and classes: nothing runs at import."""
    kinds = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef)
    for position, node in enumerate(ast.parse(path.read_text()).body):
        docstring = position == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assert docstring or isinstance(node, kinds), f"line {node.lineno}"


def test_files_and_functions_are_short():
    lengths = sorted(len(path.read_text().splitlines()) for path in MODEL_FILES)
    assert lengths[len(lengths) // 2] <= 150
    assert lengths[-1] <= 350
    for path in MODEL_FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 60, f"{path.name}: {node.name}"
