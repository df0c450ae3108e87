"""PVT v2 and MiT: sizes, what differs between them, and the names of MiT's checkpoints."""

import re

import pytest
import torch

from models import networks
from models.backbones import MiTB0, PVTv2B0
from models.backbones.pvtv2 import PVTv2
from models.basicblocks.spatial_reduction import ConvMLP
from models.basicblocks.stochastic_depth import StochasticDepth
from models.networks.mit import mit_b0
from tests.models.references.reference import count, on_meta


def parameters_of_mit(widths, depths=(2, 2, 2, 2), reductions=(8, 4, 2, 1), classes=1000):
    """By the layers that the paper describes, each with biases."""
    total = (widths[-1] + 1) * classes
    before, kernel = 3, 7
    for width, depth, reduction in zip(widths, depths, reductions, strict=True):
        norm = 2 * width
        total += (before * kernel**2 + 1) * width + norm + norm  # overlapped patch merging; the stage's last norm
        attention = 4 * (width + 1) * width  # query, key, value, projection
        attention += (width * reduction**2 + 1) * width + norm if reduction > 1 else 0
        mix_ffn = (width + 1) * 4 * width + (3 * 3 + 1) * 4 * width + (4 * width + 1) * width
        total += depth * (2 * norm + attention + mix_ffn)
        before, kernel = width, 3
    return total


@pytest.mark.parametrize(("name", "widths"), [("mit_b0", (32, 64, 160, 256)), ("mit_b1", (64, 128, 320, 512))])
def test_mit_has_the_parameters_that_its_paper_describes(name, widths):
    assert count(on_meta(getattr(networks, name))) == parameters_of_mit(widths)


@pytest.mark.parametrize(("name", "millions"), [("pvt_v2_b0", 3.7), ("pvt_v2_b1", 14.0)])
def test_pvt_has_as_many_as_published(name, millions):
    assert round(count(on_meta(getattr(networks, name))) / 1e6, 1) == millions


def test_mit_is_pvt_with_narrower_perceptrons():
    expansions = {
        cls: [m.fc1.out_features // m.fc1.in_features for m in on_meta(cls).modules() if isinstance(m, ConvMLP)]
        for cls in (PVTv2B0, MiTB0)
    }
    assert expansions == {PVTv2B0: [8] * 4 + [4] * 4, MiTB0: [4] * 8}


def release_key(key: str) -> str:
    """The name in the paper's release of a parameter here."""
    for pattern, name in (
        (r"^patch_embed\.", lambda m: "patch_embed1."),
        (r"^stages\.(\d)\.downsample\.", lambda m: f"patch_embed{int(m[1]) + 1}."),
        (r"^stages\.(\d)\.blocks\.", lambda m: f"block{int(m[1]) + 1}."),
        (r"^stages\.(\d)\.norm\.", lambda m: f"norm{int(m[1]) + 1}."),
    ):
        key = re.sub(pattern, name, key)
    return key.replace(".mlp.dwconv.", ".mlp.dwconv.dwconv.")


def test_checkpoints_of_the_release_have_names_that_are_mapped():
    ours = list(on_meta(mit_b0).state_dict())
    released = [release_key(key) for key in ours]
    assert "block2.1.mlp.dwconv.dwconv.weight" in released
    assert {"patch_embed1.proj.weight", "patch_embed4.norm.bias", "block1.0.attn.kv.weight", "norm4.bias"} < set(
        released
    )
    mapped = []
    for key in released:
        pattern, replacement = next(((p, r) for p, r in mit_b0.key_maps["segformer"] if re.search(p, key)), (r"$^", ""))
        mapped.append(re.sub(pattern, replacement, key, count=1))
    assert mapped == ours


def test_every_map_is_normalised():
    with torch.no_grad():
        maps = PVTv2B0().eval()(torch.randn(1, 3, 64, 96))
    assert max(float(m.mean(1).abs().max()) for m in maps) < 1e-5


def test_stochastic_depth_rises_to_the_last_block():
    model = on_meta(lambda: PVTv2B0(stochastic_depth=0.1))
    shares = [m.share for m in model.modules() if isinstance(m, StochasticDepth)]
    assert shares == pytest.approx([0.1 * i / 7 for i in range(8)])


def test_stages_are_four():
    with pytest.raises(ValueError, match=r"^PVTv2: reductions are of four stages, got \(8, 4\)$"):
        PVTv2(reductions=(8, 4))
