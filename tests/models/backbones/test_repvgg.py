"""RepVGG: the form that is trained and the form that is used compute the same."""

import os
import subprocess
import sys

import pytest
import torch

from models import BatchNorm2d, Conv2d, SiLU
from models.backbones import RepVGGA0
from models.backbones.repvgg import RepVGG
from models.basicblocks import RepVGGBlock
from models.networks import repvgg_a0
from tests.models.catalogue import ROOT, load_weights

X = torch.randn(2, 3, 47, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("in_channels", "out_channels", "stride"), [(6, 6, 1), (6, 6, 2), (6, 10, 1)])
def test_a_block_is_one_convolution(in_channels, out_channels, stride):
    shape = {"in_channels": in_channels, "out_channels": out_channels, "stride": stride}
    block, single = RepVGGBlock(**shape).double().eval(), RepVGGBlock(**shape, deployed=True).double().eval()
    load_weights(
        block, lambda array: torch.from_numpy(array).double() if array.dtype.kind == "f" else torch.from_numpy(array)
    )
    with torch.no_grad():
        weight, bias = block.fused()
        single.load_state_dict({"reparam_conv.weight": weight, "reparam_conv.bias": bias})
        x = torch.randn(2, in_channels, 9, 7, dtype=torch.float64)
        torch.testing.assert_close(single(x), block(x), rtol=1e-6, atol=1e-6)
    with pytest.raises(ValueError, match=r"^RepVGGBlock: it is deployed already$"):
        single.fused()


@pytest.mark.parametrize(
    "make", [RepVGGA0, lambda: repvgg_a0(num_classes=7), lambda: RepVGGA0(act=SiLU, in_channels=3)]
)
def test_the_deployed_network_gives_the_same_and_has_nothing_but_single_convolutions(make):
    model = make().eval()
    load_weights(model, torch.from_numpy)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    deployed = model.deploy()
    with torch.no_grad():
        ours, theirs = deployed(X), model(X)
    for a, b in zip(
        ours if isinstance(ours, list) else [ours], theirs if isinstance(theirs, list) else [theirs], strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5 * float(b.abs().max()))
    modules = list(deployed.modules())
    assert not any(isinstance(m, BatchNorm2d) for m in modules)
    assert sum(isinstance(m, Conv2d) for m in modules) == 22
    assert deployed.constructor["parameters"] == {**model.constructor["parameters"], "deployed": True}
    assert all(torch.equal(model.state_dict()[key], value) for key, value in before.items())
    with pytest.raises(ValueError, match="deployed already"):
        deployed.deploy()


def test_it_keeps_whether_it_trains():
    assert RepVGGA0().train().deploy().training
    assert not RepVGGA0().eval().deploy().training


def test_it_deploys_on_the_platform():
    code = """
import sys
sys.modules["torch"] = None
import numpy as np
from mcore.tensor import from_numpy, no_grad
from models.networks import repvgg_a0
from tests.models.catalogue import load_weights
model = repvgg_a0(num_classes=5).eval()
load_weights(model, from_numpy)
x = from_numpy(np.random.default_rng(0).standard_normal((1, 3, 40, 33), dtype=np.float32))
with no_grad():
    a, b = model(x).numpy(), model.deploy()(x).numpy()
assert np.abs(a - b).max() < 1e-5 * np.abs(a).max(), np.abs(a - b).max()
"""
    environment = os.environ | {"MCORE_BACKEND": "platform"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_other_stages_are_refused_by_the_name_of_the_class():
    with pytest.raises(
        ValueError, match=r"^RepVGG: depths and widths are of four stages, got \(1, 2\) and \(8, 8, 8, 8\)$"
    ):
        RepVGG(depths=(1, 2), widths=(8, 8, 8, 8))
