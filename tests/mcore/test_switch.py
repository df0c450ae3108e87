"""What model files import: the doors of mcore, on either backend, and a network that runs behind them without torch."""

from __future__ import annotations

import json

import pytest

import mcore
import mcore.functional
import mcore.init
import mcore.layers
import mcore.module
import mcore.tensor
import models
from mcore.contract import LAYERS
from tests.mcore.processes import output

BACKENDS = ("torch", "platform")


def test_models_exports_the_base_layers() -> None:
    assert tuple(models.__all__) == tuple(mcore.layers.__all__) == LAYERS
    assert models.Conv2d is mcore.layers.Conv2d


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_names_are_the_same_on_both(backend: str) -> None:
    code = """
import json, models, mcore, mcore.functional, mcore.init, mcore.module, mcore.tensor
spaces = [models, mcore, mcore.functional, mcore.init, mcore.module, mcore.tensor]
print(json.dumps([sorted(s.__all__) for s in spaces]))
for space in spaces:
    for name in space.__all__:
        getattr(space, name)
"""
    spaces = [models, mcore, mcore.functional, mcore.init, mcore.module, mcore.tensor]
    assert json.loads(output(code, backend=backend)) == [sorted(s.__all__) for s in spaces]


@pytest.mark.parametrize("name", ["mcore.functional", "mcore.layers", "mcore.module", "mcore.tensor", "mcore.init"])
def test_a_name_that_only_one_backend_has_is_refused_with_a_pointer(name: str) -> None:
    space = __import__(name, fromlist=["*"])
    with pytest.raises(AttributeError, match=f"{name} has no 'lstm_cell'.*mcore/contract"):
        _ = space.lstm_cell


def test_mcore_itself() -> None:
    assert mcore.Module is mcore.module.Module
    assert mcore.Tensor is mcore.tensor.Tensor
    assert mcore.functional is __import__("mcore.functional", fromlist=["*"])
    assert set(mcore.__all__) <= set(dir(mcore))
    with pytest.raises(AttributeError, match="module 'mcore' has no attribute 'nothing'"):
        _ = mcore.nothing


@pytest.mark.parametrize("backend", [*BACKENDS, None])
def test_importing_mcore_loads_neither_torch_nor_numpy(backend: str | None) -> None:
    code = "import sys, mcore, mcore.platform; print({'torch', 'numpy'} & set(sys.modules))"
    assert output(code, backend=backend) == "set()"


@pytest.mark.parametrize(
    "door", ["mcore.platform.ops", "mcore.backend", "mcore.sampling", "mcore.platform.eager.module"]
)
def test_these_never_load_torch(door: str) -> None:
    assert output(f"import sys, {door}; print('torch' in sys.modules)", backend="torch") == "False"


MODEL = """
import mcore.functional as F
from mcore import Module, ModuleList, Sampling, Sequential, Tensor, manual_seed, no_grad
from mcore.init import constant_
from mcore.tensor import float32, tensor
from models import BatchNorm2d, Conv2d, Linear, ReLU

class Net(Module):
    sampling = Sampling.image(2, minimum=4)
    parts = {"network": "net"}

    def __init__(self, channels):
        super().__init__()
        self.stem = Sequential(Conv2d(2, channels, 3, padding=1, bias=False), BatchNorm2d(channels), ReLU(inplace=True))
        self.blocks = ModuleList([Conv2d(channels, channels, 1) for _ in range(2)])
        self.head = Linear(2 * channels, 3)
        for parameter in self.parameters():
            constant_(parameter, 0.25)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x).sigmoid()
        low = F.interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=False)
        x = F.cat([x.mean((2, 3)), low[..., 0, ::2].amax(-1)], dim=1)
        return self.head(x).softmax(-1).topk(2)[0]

manual_seed(0)
net = Net(4).eval()
with no_grad():
    y = net(tensor([[[[float(i * j % 7) - k for i in range(6)] for j in range(6)] for k in range(2)]], dtype=float32))
print([f"{v:.5f}" for v in y.flatten().tolist()], list(net.state_dict()), net.constructor["parameters"])
"""


def test_one_model_file_gives_the_same_on_both_and_needs_no_torch() -> None:
    on_torch = output(MODEL, backend="torch")
    without_torch = output(MODEL + "assert 'torch' not in sys.modules\n", backend="platform", torch=False)
    assert without_torch == on_torch
    assert "'stem.1.num_batches_tracked'" in on_torch


def test_torch_is_really_out_of_reach_in_that_test() -> None:
    code = "\ntry:\n    import torch\nexcept ModuleNotFoundError as error:\n    print(error)"
    assert output(code, backend="platform", torch=False) == "No module named 'torch' here"


def test_conversion_without_torch_says_what_it_needs() -> None:
    code = """
import mcore
from models import ReLU
for call in (lambda: mcore.toplatform(ReLU(), "out"), lambda: ReLU().toplatform("out"), mcore.adopt):
    try:
        call()
    except mcore.backend.BackendError as error:
        print("MCORE_BACKEND=torch" in str(error))
"""
    assert output(code, backend="platform", torch=False).split() == ["True"] * 3
