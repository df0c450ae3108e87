"""The catalogue against the packages: nothing is missing from it, and what is left out is left out by the rule."""

import warnings

import pytest

from benchmarks.thirdparty import packages
from benchmarks.thirdparty.catalogue import BACKBONES, CLASSIFICATION, DETECTION, GROUPS, LARGEST, SEGMENTATION, TIMM
from tests.servers import NOT_INSTALLED, missing


@pytest.fixture(scope="module")
def models():
    try:
        return packages.torchvision().models
    except ImportError:
        missing("torchvision", NOT_INSTALLED)


@pytest.fixture(scope="module")
def timm(models):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return packages.timm()
    except ImportError:
        missing("timm", NOT_INSTALLED)


def test_no_network_is_listed_twice():
    listed = [a for group in GROUPS for a in group.architectures]
    assert len(listed) == len(set(listed))
    assert len({group.key for group in GROUPS}) == len(GROUPS)
    assert not {name for group in GROUPS for name, _ in group.left_out} & {n for group in GROUPS for n in group.names}


def test_the_sample_of_timm_has_150():
    assert len(TIMM.names) == 150


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.key)
def test_every_goal_is_that_of_its_kind(group):
    goals = {CLASSIFICATION: 0.95, SEGMENTATION: 0.95, BACKBONES: 0.95, TIMM: 0.9, DETECTION: None}
    assert group.goal == goals[group]


@pytest.mark.parametrize("group", [CLASSIFICATION, SEGMENTATION], ids=lambda group: group.key)
def test_torchvision_is_listed_whole(group, models):
    module = models if group is CLASSIFICATION else models.segmentation
    assert sorted([*group.names, *(name for name, _ in group.left_out)]) == models.list_models(module=module)


def test_only_what_is_larger_than_the_limit_is_left_out_of_torchvision(models):
    sizes = {n: models.get_model_weights(n).DEFAULT.meta["num_params"] for n in models.list_models(module=models)}
    assert {name for name, _ in CLASSIFICATION.left_out} == {name for name, size in sizes.items() if size > LARGEST}
    for name, why in CLASSIFICATION.left_out:
        assert why == f"{sizes[name] / 1e6:.0f} M parameters"


def test_the_smallest_of_each_family_comes_first(models):
    sizes = [models.get_model_weights(name).DEFAULT.meta["num_params"] for name in CLASSIFICATION.names]
    families = [name.rstrip("0123456789").split("_")[0] for name in CLASSIFICATION.names]
    assert families.index("resnet") == CLASSIFICATION.names.index("resnet18")
    assert sizes[CLASSIFICATION.names.index("swin_t")] == min(
        size for name, size in zip(CLASSIFICATION.names, sizes, strict=True) if name.startswith("swin")
    )


def test_every_model_file_of_timm_is_in_the_sample_but_the_one_that_is_left_out(timm):
    from timm.models import _registry

    if timm.__version__ != "1.0.31":
        pytest.skip(f"the sample was drawn from timm 1.0.31, this is {timm.__version__}")
    homes = _registry._model_to_module
    assert set(TIMM.names) <= set(homes)
    left_out = {homes[name] for name, _ in TIMM.left_out}
    assert set(homes.values()) - {homes[name] for name in TIMM.names} == left_out
