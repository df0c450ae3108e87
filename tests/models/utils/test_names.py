import pytest

from models.utils import public_name

KNOWN = ["ResNet50", "resnet50", "UNet", "resnet18"]


@pytest.mark.parametrize(
    ("name", "meant"), [("resnet50", "resnet50"), ("ResNet50", "ResNet50"), ("unet", "UNet"), ("RESNET18", "resnet18")]
)
def test_the_very_name_counts_before_one_of_another_case(name: str, meant: str) -> None:
    assert public_name(name, KNOWN) == meant


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("RESNET50", "did you mean ResNet50 or resnet50?"),
        ("resnet5", "did you mean ResNet50 or resnet50?"),
        ("unett", "did you mean UNet?"),
        ("xyz", "there are ResNet50, UNet, resnet18, resnet50"),
    ],
)
def test_a_name_that_means_none_or_several(name: str, said: str) -> None:
    with pytest.raises(KeyError) as failed:
        public_name(name, KNOWN)
    assert failed.value.args == (said,)
