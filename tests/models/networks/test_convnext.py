"""ConvNeXt: published sizes, and stages."""

import pytest

from models import networks
from models.backbones import ConvNeXtTiny
from models.backbones.convnext import ConvNeXt
from models.basicblocks import ConvNeXtBlock
from models.basicblocks.stochastic_depth import StochasticDepth
from tests.models.references.reference import count, on_meta


@pytest.mark.parametrize(("name", "parameters"), [("convnext_tiny", 28_589_128), ("convnext_small", 50_223_688)])
def test_parameters_are_as_many_as_published(name, parameters):
    assert count(on_meta(getattr(networks, name))) == parameters


def test_blocks_are_those_of_the_papers_stages():
    model = on_meta(lambda: ConvNeXtTiny(layer_scale=0.5))
    blocks = [m.in_channels for m in model.modules() if isinstance(m, ConvNeXtBlock)]
    assert blocks == [96] * 3 + [192] * 3 + [384] * 9 + [768] * 3


def test_stochastic_depth_rises_to_the_last_block():
    model = on_meta(lambda: ConvNeXtTiny(stochastic_depth=0.1))
    shares = [m.share for m in model.modules() if isinstance(m, StochasticDepth)]
    assert shares == pytest.approx([0.1 * i / 17 for i in range(18)])


def test_stages_are_four():
    with pytest.raises(
        ValueError, match=r"^ConvNeXt: depths and widths are of four stages, got \(3, 3, 9, 3\), \(96,\)$"
    ):
        ConvNeXt(widths=(96,))
