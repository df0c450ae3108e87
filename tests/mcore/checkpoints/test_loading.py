"""Parts of checkpoints into other networks, with a report of every weight."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mcore.checkpoints import Adaptation, CheckpointError, CheckpointStore, DamagedError, MisfitError
from models.backbones import ResNet18
from models.heads import FCNHead
from models.networks import resnet18
from models.networks.assembly import assemble
from tests.mcore.checkpoints.test_store import flip
from tests.mcore.processes import output


def snapshot(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def changed(model: nn.Module, before: dict[str, torch.Tensor]) -> set[str]:
    """First components of the names of the weights that are not as they were."""
    return {n.partition(".")[0] for n, v in model.state_dict().items() if not torch.equal(v, before[n])}


@pytest.fixture
def networks() -> tuple[nn.Module, nn.Module]:
    """Two networks on a ResNet-18, with other heads and other weights throughout."""
    torch.manual_seed(0)
    made = [
        assemble(backbone="ResNet18", neck="FPN", head="FCNHead", head_parameters={"num_classes": c}) for c in (3, 7)
    ]
    for network in made:
        for buffer in network.buffers():
            if buffer.is_floating_point():
                buffer.normal_()
        for parameter in network.parameters():
            nn.init.normal_(parameter)
    return made[0], made[1]


def test_everything_is_loaded_by_default(sqlite_store: CheckpointStore, networks: tuple[nn.Module, nn.Module]) -> None:
    saved = sqlite_store.save(networks[0], network="first")
    other = assemble(backbone="ResNet18", neck="FPN", head="FCNHead", head_parameters={"num_classes": 3})
    report = sqlite_store.load(other, saved.id)
    assert report.fits
    assert set(report.loaded) == set(other.state_dict())
    assert not changed(other, snapshot(networks[0]))


@pytest.mark.parametrize("parts", [("backbone",), ("backbone", "neck")])
def test_only_the_parts_that_are_asked_for(
    sqlite_store: CheckpointStore, networks: tuple[nn.Module, nn.Module], parts: tuple[str, ...]
) -> None:
    first, second = networks
    saved = sqlite_store.save(first, network="first")
    before = snapshot(second)
    report = sqlite_store.load(second, saved, parts=parts)
    assert changed(second, before) == set(parts)
    assert {n.partition(".")[0] for n in report.loaded} == set(parts)
    assert {n.partition(".")[0] for n in report.other} == {"backbone", "neck", "head"} - set(parts)
    assert f"weights of {', '.join(parts)} loaded from {saved.id}" in str(report)
    for name in report.loaded:
        assert torch.equal(second.state_dict()[name], first.state_dict()[name])


def test_what_does_not_fit_is_refused_whole_and_listed(
    sqlite_store: CheckpointStore, networks: tuple[nn.Module, nn.Module]
) -> None:
    first, second = networks
    saved = sqlite_store.save(first, network="first")
    before = snapshot(second)
    with pytest.raises(MisfitError, match=r'head.*\(3, .*wanted \(7, .*classes="fresh"') as caught:
        sqlite_store.load(second, saved)
    assert "\n" not in str(caught.value)
    assert not changed(second, before)
    report = sqlite_store.load(second, saved, strict=False)
    assert not report.fits
    assert {m.ours[0] for m in report.mismatched} == {7}
    adapted = sqlite_store.load(second, saved, adaptation=Adaptation(classes="fresh"))
    assert adapted.fits
    assert set(adapted.fresh) == {m.name for m in report.mismatched}


def test_input_channels_are_adapted_by_choice(sqlite_store: CheckpointStore) -> None:
    rgb, other = ResNet18(), ResNet18(in_channels=6)
    saved = sqlite_store.save(rgb)
    with pytest.raises(MisfitError, match='channels="repeat"'):
        sqlite_store.load(other, saved)
    report = sqlite_store.load(other, saved, adaptation=Adaptation(channels="repeat"))
    assert report.adapted == ("conv1.weight",)
    torch.testing.assert_close(other.conv1.weight, rgb.conv1.weight.repeat(1, 2, 1, 1) / 2)
    kept = snapshot(other)
    assert sqlite_store.load(other, saved, adaptation=Adaptation(channels="fresh")).fresh == ("conv1.weight",)
    assert torch.equal(other.conv1.weight, kept["conv1.weight"])


def test_a_backbone_goes_into_networks_and_out_of_them(
    sqlite_store: CheckpointStore, networks: tuple[nn.Module, nn.Module]
) -> None:
    """A classifier's flat names, a backbone's, and a network's with a prefix."""
    classifier = resnet18(num_classes=5)
    saved = sqlite_store.save(classifier)
    with pytest.raises(MisfitError, match=r"prefix=\('', 'backbone\.'\) makes these the same"):
        sqlite_store.load(networks[0], saved, parts=["backbone"])
    report = sqlite_store.load(networks[0], saved, parts=["backbone"], prefix=("", "backbone."))
    assert report.fits
    assert torch.equal(networks[0].backbone.conv1.weight, classifier.conv1.weight)  # type: ignore[union-attr]
    bare = ResNet18()
    assert sqlite_store.load(bare, saved, parts=["backbone"]).fits
    from_network = sqlite_store.save(networks[1], network="second")
    with pytest.raises(MisfitError, match=r"prefix=\('backbone\.', ''\)"):
        sqlite_store.load(bare, from_network, parts=["backbone"])
    assert sqlite_store.load(bare, from_network, parts=["backbone"], prefix=("backbone.", "")).fits
    assert torch.equal(bare.conv1.weight, networks[1].backbone.conv1.weight)  # type: ignore[union-attr]


def test_names_are_mapped(sqlite_store: CheckpointStore) -> None:
    theirs, ours = (
        nn.ModuleDict({"body": nn.Linear(2, 3), "aux": nn.Linear(2, 2)}),
        nn.ModuleDict({"stem": nn.Linear(2, 3)}),
    )
    saved = sqlite_store.save(theirs, network="n", task="t")
    report = sqlite_store.load(ours, saved, key_map=[(r"^aux\.", None), (r"^body\.", "stem.")])
    assert set(report.dropped) == {"aux.weight", "aux.bias"}
    assert torch.equal(ours["stem"].weight, theirs["body"].weight)  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match="two weights one"):
        sqlite_store.load(ours, saved, key_map=[(r"^\w+\.", "stem.")])


def test_loading_nothing_is_an_error_even_where_it_is_not_strict(sqlite_store: CheckpointStore) -> None:
    saved = sqlite_store.save(nn.ModuleDict({"a": nn.Linear(1, 1)}), network="n", task="t")
    with pytest.raises(MisfitError, match="nothing of"):
        sqlite_store.load(nn.ModuleDict({"b": nn.Linear(1, 1)}), saved, strict=False)
    with pytest.raises(CheckpointError, match="has no part head"):
        sqlite_store.load(nn.Linear(1, 1), saved, parts=["head"])


def test_a_model_without_the_part_is_refused(sqlite_store: CheckpointStore) -> None:
    saved = sqlite_store.save(resnet18())
    with pytest.raises(CheckpointError, match="ResNet18 has no part head; it has backbone"):
        sqlite_store.load(ResNet18(), saved, parts=["head"])
    assert FCNHead.kind == "head"


def test_damage_leaves_the_model_as_it_was(sqlite_store: CheckpointStore) -> None:
    model = nn.Linear(3, 3)
    saved = sqlite_store.save(model, network="n", task="t")
    flip(sqlite_store.root / f"networks/t/n/weights/{saved.id}.safetensors")
    before = snapshot(model)
    with pytest.raises(DamagedError):
        sqlite_store.load(model, saved)
    assert not changed(model, before)


def test_counters_and_half_precision_do_no_harm(sqlite_store: CheckpointStore) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, track_running_stats=True)).half()
    saved = sqlite_store.save(model, network="n", task="t")
    weights = sqlite_store.weights(saved)
    without = {n: a for n, a in weights.items() if not n.endswith("num_batches_tracked")}
    parts = dict.fromkeys(without, "network")
    again = sqlite_store.add(without, network="n", kind="network", task="t", metadata=saved.metadata, parts=parts)
    full = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    assert sqlite_store.load(full, again).fits
    assert full[0].weight.dtype == torch.float32
    np.testing.assert_array_equal(full[0].weight.detach().numpy(), weights["0.weight"].astype(np.float32))


PLATFORM = """
import sys
from mcore.checkpoints import Adaptation, CheckpointStore
from models.networks import resnet18
import numpy as np

store = CheckpointStore({root!r})
(saved,) = store.search("network = 'resnet18'")
network = resnet18(num_classes=4)
report = store.load(network, saved, parts=["backbone"])
assert report.fits and not any(n.startswith("fc.") for n in report.loaded), report
weights = store.weights(saved)
assert all(np.array_equal(network.state_dict()[n].numpy(), weights[n]) for n in report.loaded)
print(len(report.loaded), store.save(network).parts, "torch" in sys.modules)
store.close()
"""


def test_the_same_without_torch(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    network = resnet18(num_classes=5)
    store.save(network)
    said = output(PLATFORM.format(root=str(tmp_path)), backend="platform", torch=False)
    count = sum(not n.startswith("fc.") for n in network.state_dict())
    assert said == f"{count} ('backbone', 'head') False"
    # And back: what the Platform saved shares the backbone.
    assert len(list(tmp_path.rglob("*.safetensors"))) == 2
    newest = store.search("order by created desc limit 1")[0]
    assert store.load(resnet18(num_classes=4), newest).fits
    store.close()
