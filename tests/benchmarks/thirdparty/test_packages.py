"""The packages are adopted, and the example of the document runs as it is printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from torch import nn

import mcore
from benchmarks.thirdparty import packages
from benchmarks.thirdparty.document import DOCUMENT
from tests.servers import NOT_INSTALLED, missing

ROOT = Path(__file__).parents[3]

#: What a build of torchvision for GPUs needs beside CPU torch.
OPERATORS = """
import torch
_library = torch.library.Library("torchvision", "FRAGMENT")
for name in ("nms", "qnms"):
    _library.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)


@pytest.fixture
def prelude(tmp_path):
    """What has to run before ``import torchvision`` here."""
    said = run("import torchvision", tmp_path)
    if said.returncode and "No module named 'torchvision'" in said.stderr:
        missing("torchvision", NOT_INSTALLED)
    return OPERATORS if said.returncode else ""


def test_the_example_of_the_document_runs(prelude, tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    said = run(prelude + code, tmp_path)
    assert said.returncode == 0, said.stderr
    assert 0 < float(said.stdout) < 1e-4
    assert (tmp_path / "squeezenet1_1" / "manifest.json").exists()


@pytest.mark.filterwarnings("ignore")
def test_their_classes_derive_from_ours():
    try:
        torchvision, timm = packages.torchvision(), packages.timm()
    except ImportError:
        missing("torchvision or timm", NOT_INSTALLED)
    for kind in (torchvision.models.ResNet, timm.models.VisionTransformer):
        assert issubclass(kind, nn.Module)
    network = torchvision.models.squeezenet1_1(weights=None)
    assert callable(network.toplatform)
    assert nn.Module is not mcore.Module
