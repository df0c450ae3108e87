"""Saving by rule into a real store, and going on from it bit for bit."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mcore.checkpoints import CheckpointError, CheckpointStore, Metadata, where
from mcore.checkpoints.saving import Best, Every, Last, Saver, SaverCallback, When


def saver(store: CheckpointStore, rule: Any = None, **options: Any) -> Saver:
    model = nn.Linear(2, 1)
    return Saver(store, model, rule or Last(), network="net", task="t", state=False, **options)


def epochs(saver: Saver) -> list[int | None]:
    return [c.metadata.epoch for c in saver.kept]


def test_the_best_and_the_last_stay_in_the_store(store: CheckpointStore) -> None:
    made = saver(store, Best("acc", mode="max", keep=2) | Last(), metadata=Metadata(dataset="toy"))
    for epoch, accuracy in enumerate((0.1, 0.5, 0.3, 0.6, 0.2)):
        saved = made.step({"acc": accuracy, "loss": torch.tensor(1.0)}, epoch=epoch, step=epoch * 10)
        assert saved is not None
        assert saved.metadata.metrics == {"acc": pytest.approx(accuracy), "loss": 1.0}
    assert epochs(made) == [1, 3, 4]
    found = store.search(where.run == made.run, order=[where.epoch.asc()])
    assert found == made.kept
    assert found[0].metadata.dataset == "toy"
    assert found[0].parts == ("network",)


def test_a_saver_goes_on_with_the_checkpoints_of_its_run(store: CheckpointStore) -> None:
    first = saver(store, Best("acc", mode="max") | When(lambda m: m.metrics["acc"] < 0.2, name="low"), run="mine")
    for epoch, accuracy in enumerate((0.1, 0.5)):
        first.step({"acc": accuracy}, epoch=epoch)
    second = saver(store, Best("acc", mode="max") | When(lambda m: False, name="low"), run="mine")
    assert second.kept == first.kept
    assert second.step({"acc": 0.4}, epoch=2) is None
    second.step({"acc": 0.6}, epoch=3)
    assert epochs(second) == [0, 3]


def test_a_number_that_is_not_finite_is_left_out_and_noted(sqlite_store: CheckpointStore) -> None:
    saved = saver(sqlite_store).step({"acc": 0.1, "loss": float("nan")})
    assert saved is not None
    assert saved.metadata.metrics == {"acc": 0.1}
    assert saved.metadata.notes["saver"]["not finite"] == ["loss"]


def test_the_run_of_something_else_is_refused(sqlite_store: CheckpointStore) -> None:
    sqlite_store.save(nn.Linear(1, 1), network="net", task="t", metadata=Metadata(run="mine"))
    with pytest.raises(CheckpointError, match="not made by a saver"):
        saver(sqlite_store, run="mine")


class Training:
    """A small training with everything that has a state: momentum, a schedule, dropout, batches drawn at random."""

    def __init__(self, store: CheckpointStore) -> None:
        self.model = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 2))
        groups = [{"params": self.model[0].parameters(), "lr": 1e-3}, {"params": self.model[3].parameters()}]
        self.optimiser = torch.optim.AdamW(groups, lr=1e-2, weight_decay=0.1)
        self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(self.optimiser, patience=0)
        self.cosine = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, 8)
        self.saver = Saver(
            store,
            self.model,
            Last(),
            optimiser=self.optimiser,
            schedulers=[self.plateau, self.cosine],
            network="toy",
            task="classification",
            run="toy",
        )

    def run(self, first: int, last: int) -> None:
        for epoch in range(first, last):
            x = torch.randn(8, 4) * random.random() + float(np.random.rand())
            loss = nn.functional.cross_entropy(self.model(x), (x.sum(1) > 0).long())
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            self.plateau.step(loss.detach())
            self.cosine.step()
            self.saver.step({"loss": loss.detach()}, epoch=epoch)


def test_a_training_that_is_resumed_goes_on_bit_for_bit(tmp_path: Any) -> None:
    def fresh(folder: str, seed: int) -> Training:
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)
        return Training(CheckpointStore(tmp_path / folder))

    whole = fresh("a", 0)
    whole.run(0, 6)
    half = fresh("b", 0)
    half.run(0, 3)
    resumed = fresh("b", 99)
    assert resumed.saver.resume() == 3
    resumed.run(3, 6)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    assert str(whole.optimiser.state_dict()) == str(resumed.optimiser.state_dict())
    assert whole.plateau.state_dict() == resumed.plateau.state_dict()
    assert resumed.saver.kept[-1].metadata.optimiser is not None
    assert [g.parameters for g in resumed.saver.kept[-1].metadata.optimiser.groups] == [("0.",), ("3.",)]
    for training in (whole, half, resumed):
        training.saver._store.close()


def test_there_is_nothing_to_resume_at_first_and_no_other_model_is_taken(sqlite_store: CheckpointStore) -> None:
    first = Training(sqlite_store)
    assert first.saver.resume() == 0
    first.run(0, 1)
    other = Saver(sqlite_store, nn.Linear(4, 2), Last(), network="toy", task="classification", run="toy")
    with pytest.raises(CheckpointError, match="of another model"):
        other.resume()
    without = Saver(sqlite_store, first.model, Last(), network="toy", task="classification", run="toy")
    with pytest.raises(CheckpointError, match="the state is of optimiser, scheduler 0, scheduler 1; wanted is nothing"):
        without.resume()


def test_a_trainer_with_lightnings_hooks_tells_the_saver(sqlite_store: CheckpointStore) -> None:
    callback = SaverCallback(saver(sqlite_store, Best("acc", mode="max", keep=9) | Every(epochs=1)))
    trainer = SimpleNamespace(current_epoch=0, global_step=0, callback_metrics={}, sanity_checking=True)
    module = nn.Linear(1, 1)
    callback.setup(trainer, module, stage="fit")
    callback.on_validation_end(trainer, module)  # the sanity check
    trainer.sanity_checking = False
    for epoch in range(2):
        trainer.current_epoch, trainer.global_step = epoch, 10 * (epoch + 1)
        callback.on_train_batch_end(trainer, module, None, None, 0)
        trainer.callback_metrics = {"acc": torch.tensor(0.5)}
        if epoch == 0:
            callback.on_validation_end(trainer, module)
        callback.on_train_epoch_end(trainer, module)
    trainer.is_global_zero = False
    trainer.current_epoch = 2
    callback.on_train_epoch_end(trainer, module)
    assert [(c.metadata.epoch, c.metadata.step) for c in callback.saver.kept] == [(0, 10), (1, 20)]
    with pytest.raises(AttributeError):
        callback.nosuch()
