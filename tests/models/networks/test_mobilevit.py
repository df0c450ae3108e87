"""MobileViT: published sizes, and stages."""

import pytest

from models import ReLU, SiLU, networks
from models.backbones import MobileViTS, MobileViTXXS
from models.backbones.mobilevit import MobileViT
from models.basicblocks import InvertedResidual, MobileViTBlock
from tests.models.references.reference import count, on_meta


@pytest.mark.parametrize(("name", "parameters"), [("mobilevit_xxs", 1_272_024), ("mobilevit_s", 5_578_632)])
def test_parameters_are_as_many_as_published(name, parameters):
    """1.3 and 5.6 million in the paper; exact numbers are timm's."""
    assert count(on_meta(getattr(networks, name))) == parameters


def test_blocks_are_those_of_the_papers_table():
    model = on_meta(MobileViTXXS)
    kinds = [[type(block) for block in stage] for stage in model.stages]
    mixed = [InvertedResidual, MobileViTBlock]
    assert kinds == [[InvertedResidual], [InvertedResidual] * 3, mixed, mixed, mixed]
    assert [len(stage[1].transformer) for stage in list(model.stages)[2:]] == [2, 4, 3]


def test_activation_is_taken_everywhere():
    model = on_meta(lambda: MobileViTS(act=ReLU))
    assert any(isinstance(m, ReLU) for m in model.modules())
    assert not any(isinstance(m, SiLU) for m in model.modules())


def test_stages_are_five():
    with pytest.raises(ValueError, match=r"^MobileViT: five channels and three widths are needed, got \(16,\), "):
        MobileViT(channels=(16,))
