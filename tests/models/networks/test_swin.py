"""Swin: published sizes, patch merging, and that one graph obeys torchvision's rule of small maps."""

import pytest
import torch

from mcore import fromplatform
from mcore.sampling import Sampling
from models import networks
from models.backbones import SwinTiny
from models.backbones.swin import PatchMerging, Swin
from models.basicblocks.stochastic_depth import StochasticDepth
from models.basicblocks.windows import SwinBlock
from tests.models.catalogue import load_weights
from tests.models.references.reference import count, on_meta


@pytest.mark.parametrize(("name", "parameters"), [("swin_t", 28_288_354), ("swin_s", 49_606_258)])
def test_parameters_are_as_many_as_published(name, parameters):
    assert count(on_meta(getattr(networks, name))) == parameters


def test_every_second_block_of_a_stage_shifts_its_windows_by_half():
    shifts = [m.attn.shift for m in SwinTiny().modules() if isinstance(m, SwinBlock)]
    assert shifts == [0, 3] * 6


def test_merging_takes_four_neighbours_and_pads_odd_maps_with_zeros():
    module = PatchMerging(channels=2)
    load_weights(module, torch.from_numpy)
    x = torch.randn(1, 3, 5, 2)
    y = module(x)
    assert y.shape == (1, 2, 3, 4)
    inner = torch.cat([x[:, 0, 0], x[:, 1, 0], x[:, 0, 1], x[:, 1, 1]], dim=-1)
    torch.testing.assert_close(y[:, 0, 0], module.reduction(module.norm(inner)))
    corner = torch.cat([x[:, 2, 4], torch.zeros(1, 6)], dim=-1)
    torch.testing.assert_close(y[:, 1, 2], module.reduction(module.norm(corner)))


def test_only_the_last_map_is_normalised():
    model = SwinTiny().eval()
    with torch.no_grad():
        maps = model(torch.randn(1, 3, 64, 64))
    means = [float(m.mean(1).abs().max()) for m in maps]
    assert means[-1] < 1e-5
    assert min(means[:-1]) > 1e-3


def test_stochastic_depth_rises_to_the_last_block():
    shares = [m.share for m in SwinTiny(stochastic_depth=0.2).modules() if isinstance(m, StochasticDepth)]
    assert shares == pytest.approx([0.2 * i / 11 for i in range(12)])


def test_stages_are_four():
    with pytest.raises(
        ValueError, match=r"^Swin: depths and num_heads are of four stages, got \(2, 2\), \(3, 6, 12, 24\)$"
    ):
        Swin(depths=(2, 2))


def test_one_graph_obeys_the_rule_of_small_maps_at_sizes_it_never_saw(tmp_path):
    """One window may cover a map along both axes, one, or none: in the samples and in what is asked of the graph."""
    model = Swin(depths=(2, 2, 2, 2), num_heads=(1, 2, 2, 4), width=8).eval()
    sampling = Sampling.image(3, ((64, 64), (40, 56), (33, 47)))
    model.toplatform(tmp_path / "b", architecture="swin", kind="backbone", sampling=sampling, weights="calibrated")
    again, graph = Swin.fromplatform(tmp_path / "b").eval(), fromplatform(tmp_path / "b")
    for size in ((224, 224), (33, 224), (130, 57)):
        x = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            for found, expected in zip(graph(x), again(x), strict=True):
                torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))
