"""The one direction of imports, read off the import graph, and what importing a door of the farm pulls in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("farm", "workers", "mcore", "models")
GRAPH = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
MODULES = {package: {package} | GRAPH.find_descendants(package) for package in PACKAGES}

#: Modules of ``mcore`` that are torch's side of the switch, conversion, or about training.
TORCH_SIDE = ("mcore.torch_backend", "mcore.convert", "mcore.checkpoints.training")
PLATFORM_LIBRARIES = {"numpy", "safetensors", "msgspec"}


def imports(module: str) -> set[str]:
    return GRAPH.find_modules_directly_imported_by(module)


def within(module: str, *packages: str) -> bool:
    return any(module == p or module.startswith(f"{p}.") for p in packages)


def room_of(module: str, rooms: set[str]) -> str:
    """Which of ``rooms`` the module is in, or ``""``."""
    return next((room for room in rooms if within(module, room)), "")


def modules_of(room: str) -> set[str]:
    return {room} | GRAPH.find_descendants(room)


def external(module: str) -> bool:
    return not within(module, *PACKAGES) and module.split(".")[0] not in sys.stdlib_module_names


@pytest.mark.parametrize("module", sorted(m for m in MODULES["mcore"] if within(m, "mcore.platform")))
def test_the_platform_stands_on_its_own(module: str) -> None:
    assert not [i for i in imports(module) if within(i, *PACKAGES) and not within(i, "mcore.platform")]
    # The writer of ONNX files is the one place that knows their format.
    allowed = PLATFORM_LIBRARIES | {"onnx"} if within(module, "mcore.platform.onnx") else PLATFORM_LIBRARIES
    assert {i for i in imports(module) if external(i)} <= allowed


@pytest.mark.parametrize("module", sorted(set().union(*MODULES.values())))
def test_what_writes_onnx_is_imported_by_the_drivers_that_need_it_alone(module: str) -> None:
    drivers = ("workers.drivers.onnx_models", "workers.drivers.onnxruntime", "workers.drivers.openvino")
    if not within(module, "mcore.platform.onnx", *drivers):
        libraries = ("mcore.platform.onnx", "onnx", "onnxruntime", "openvino")
        assert not [i for i in imports(module) if within(i, *libraries)]


@pytest.mark.parametrize("module", sorted(MODULES["mcore"]))
def test_mcore_imports_nothing_above_it_and_torch_in_its_own_place(module: str) -> None:
    assert not [i for i in imports(module) if within(i, "models", "workers", "farm")]
    if not within(module, *TORCH_SIDE):
        assert "torch" not in imports(module)


@pytest.mark.parametrize("module", sorted(MODULES["mcore"]))
def test_the_checkpoint_store_stands_above_the_rest_of_mcore(module: str) -> None:
    if within(module, "mcore.checkpoints"):
        libraries = {"numpy", "safetensors", "msgspec", "sqlalchemy", "lark"}
        assert {i for i in imports(module) if external(i)} - {"torch"} <= libraries
    else:
        assert not [i for i in imports(module) if within(i, "mcore.checkpoints", "sqlalchemy", "lark")]


@pytest.mark.parametrize("module", sorted(MODULES["models"]))
def test_models_are_written_on_mcore_alone(module: str) -> None:
    assert not [i for i in imports(module) if within(i, "workers", "farm", "mcore.platform.runtime", "mcore.convert")]
    assert not [i for i in imports(module) if external(i)]


@pytest.mark.parametrize("module", sorted(MODULES["workers"]))
def test_workers_know_neither_the_farm_nor_the_models(module: str) -> None:
    assert not [i for i in imports(module) if within(i, "farm", "models")]
    found = {i for i in imports(module) if external(i)}
    assert not found & {"sqlalchemy", "celery", "kombu", "pydantic", "click"}
    if module != "workers.drivers.torch":
        assert "torch" not in found
        assert not [i for i in imports(module) if within(i, "mcore.convert", "mcore.torch_backend")]


@pytest.mark.parametrize("package", ["farm", "workers"])
def test_packages_form_no_circle(package: str) -> None:
    """What lies below a part of the farm never imports from it, by whatever way round.

    ``mcore`` has one circle: ``toplatform`` is a method of the very modules that the conversion is written for.
    """
    children = GRAPH.find_children(package)
    below = {
        child: {room_of(i, children) for m in modules_of(child) for i in imports(m)} - {child, ""} for child in children
    }
    while free := {child for child, needs in below.items() if not needs & below.keys()}:
        below = {child: needs for child, needs in below.items() if child not in free}
    assert not below


@pytest.mark.parametrize(
    ("door", "not_loaded"),
    [
        ("farm.celery", {"torch", "sqlalchemy", "pydantic"}),
        ("farm.host.attempt", {"torch", "sqlalchemy", "pydantic", "yaml", "celery"}),
        ("farm.cli", {"torch", "sqlalchemy", "celery", "pydantic", "numpy", "rich"}),
        ("farm.audit.doubts", {"torch", "numpy", "mcore"}),
        ("mcore", {"torch"}),
        ("mcore.platform.ops", {"torch"}),
        ("workers.processes.attempt", {"torch", "sqlalchemy", "celery"}),
    ],
)
def test_importing_a_door_is_light(door: str, not_loaded: set[str]) -> None:
    code = f"import sys, {door}; print(' '.join(sorted({not_loaded!r} & set(sys.modules))))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_help_loads_no_library_but_click() -> None:
    code = (
        "import sys\nfrom farm.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as stop:\n    assert stop.code == 0\n"
        "heavy = {'torch', 'numpy', 'sqlalchemy', 'celery', 'pydantic', 'rich', 'yaml'} & set(sys.modules)\n"
        "print('LOADED', sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout
    assert "farm submit --changed-since HEAD~1" in done.stdout
