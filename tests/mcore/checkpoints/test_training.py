"""Networks that are really trained, saved by rule, found by a filter, and loaded in parts: what they had learnt is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mcore.checkpoints import CheckpointStore, Metadata, where
from mcore.checkpoints.saving import Best, Last, Saver
from mcore.platform.eager.constructor import rebuild
from models.backbones.resnet import ResNet
from models.basicblocks import BasicBlock
from models.heads import ClassificationHead, UNetDecoder
from models.networks.backbone_head import BackboneHead

SIZE, CLASSES = 32, 3


def pictures(count: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Images (N, 3, 32, 32) of a disc, a square or a cross of any colour on noise; its class (N); its mask (N, 32, 32)."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, CLASSES, (count,), generator=generator)
    centres = torch.randint(9, SIZE - 9, (count, 2), generator=generator)[:, :, None, None]
    rows, columns = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    dy, dx = (rows - centres[:, 0]).abs(), (columns - centres[:, 1]).abs()
    shapes = torch.stack(
        [dy**2 + dx**2 <= 49, torch.maximum(dy, dx) <= 6, (torch.minimum(dy, dx) <= 1) & (torch.maximum(dy, dx) <= 8)]
    )
    masks = shapes[labels, torch.arange(count)]
    colours = 0.5 + torch.rand(count, 3, 1, 1, generator=generator)
    noise = 0.2 * torch.randn(count, 3, SIZE, SIZE, generator=generator)
    return noise + colours * masks[:, None], labels, masks.long()


TRAIN, TEST = pictures(384, 0), pictures(96, 1)


def backbone() -> ResNet:
    return ResNet(block=BasicBlock, depths=(1, 1, 1, 1), width=8)


def classifier() -> BackboneHead:
    body = backbone()
    head = ClassificationHead(in_channels=body.channels, in_strides=body.strides, num_classes=CLASSES)
    return BackboneHead(backbone=body, head=head)


def segmenter() -> BackboneHead:
    body = backbone()
    head = UNetDecoder(in_channels=body.channels, in_strides=body.strides, num_classes=2, widths=(32, 16, 16, 16))
    return BackboneHead(backbone=body, head=head)


@torch.no_grad()
def accuracy(network: nn.Module) -> float:
    return float((network.eval()(TEST[0]).argmax(1) == TEST[1]).float().mean())


@torch.no_grad()
def miou(network: nn.Module) -> float:
    """Mean over background and shape of intersection by union."""
    found, true = network.eval()(TEST[0]).argmax(1), TEST[2]
    ious = [((found == c) & (true == c)).sum() / ((found == c) | (true == c)).sum() for c in (0, 1)]
    return float(sum(ious) / len(ious))


def epoch_of(network: nn.Module, optimiser: torch.optim.Optimizer, target: Tensor, frozen: nn.Module | None) -> None:
    network.train()
    if frozen is not None:
        frozen.eval()
    for chunk in torch.randperm(len(target)).split(32):
        loss = nn.functional.cross_entropy(network(TRAIN[0][chunk]), target[chunk])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CheckpointStore]:
    """With a classifier, saved by rule while it was trained, and a segmenter whose head was trained on its backbone."""
    made = CheckpointStore(tmp_path_factory.mktemp("store"))
    torch.manual_seed(0)
    network = classifier()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    metadata = Metadata(dataset="shapes", channels=("RGB",), loss="cross entropy", resolution=(SIZE, SIZE))
    rule = Best("accuracy", mode="max", keep=2) | Last()
    saver = Saver(made, network, rule, optimiser=optimiser, network="shapes-classifier", metadata=metadata)
    for epoch in range(12):
        epoch_of(network, optimiser, TRAIN[1], None)
        saver.step({"accuracy": accuracy(network)}, epoch=epoch)
    second = segmenter()
    made.load(second, best_of(made, "classification", "accuracy"), parts=("backbone",))
    second.backbone.requires_grad_(False)
    optimiser = torch.optim.AdamW(second.head.parameters(), lr=1e-2)
    saver = Saver(
        made,
        second,
        Best("miou", mode="max", keep=3),
        optimiser=optimiser,
        network="shapes-segmenter",
        metadata=metadata,
    )
    for epoch in range(4):
        epoch_of(second, optimiser, TRAIN[2], second.backbone)
        saver.step({"miou": miou(second)}, epoch=epoch)
    yield made
    made.close()


def best_of(store: CheckpointStore, task: str, metric: str) -> str:
    found = store.search(where.task == task, order=[where.metrics[metric].desc()], limit=1)
    return found[0].id


def test_training_taught_them_something(store: CheckpointStore) -> None:
    assert store.get(best_of(store, "classification", "accuracy")).metadata.metrics["accuracy"] > 0.8
    assert store.get(best_of(store, "segmentation", "miou")).metadata.metrics["miou"] > 0.7


def test_the_rule_kept_the_best(store: CheckpointStore) -> None:
    kept = store.search(where.task == "classification", order=[where.metrics.accuracy.desc()])
    assert 2 <= len(kept) <= 3
    assert max(c.metadata.epoch or 0 for c in kept) == 11
    assert len(store.search(where.task == "segmentation")) <= 3


@pytest.mark.parametrize(
    ("task", "metric", "measure"), [("classification", "accuracy", accuracy), ("segmentation", "miou", miou)]
)
def test_what_is_loaded_is_as_good_as_what_was_saved(store: CheckpointStore, task: str, metric: str, measure) -> None:  # type: ignore[no-untyped-def]
    """Built by the pointer in the metadata alone."""
    saved = store.get(best_of(store, task, metric))
    assert saved.metadata.constructor is not None
    network = rebuild(saved.metadata.constructor)
    untrained = measure(network)
    assert store.load(network, saved).fits
    assert measure(network) == pytest.approx(saved.metadata.metrics[metric], abs=1e-6)
    assert measure(network) > untrained + 0.2


def test_the_backbone_is_stored_once(store: CheckpointStore, tmp_path: Path) -> None:
    """Of the segmenters' own files each has a head, and none the backbone that was frozen."""
    for saved in store.search(where.task == "segmentation"):
        own = {t.part for t in saved.tensors if saved.id in t.pack}
        assert own == {"head"}
        assert saved.parts == ("backbone", "head")
    assert not any(v.problems for v in store.verify())


def test_parts_of_two_checkpoints_make_a_network_that_sees(store: CheckpointStore) -> None:
    """The backbone from the classifier, the head from the segmenter."""
    network = segmenter()
    store.load(network, best_of(store, "classification", "accuracy"), parts=("backbone",))
    saved = store.get(best_of(store, "segmentation", "miou"))
    report = store.load(network, saved, parts=("head",))
    assert report.fits
    assert miou(network) == pytest.approx(saved.metadata.metrics["miou"], abs=1e-6)
