"""The saver: asked at each moment of a training, it saves what its rule wants and removes what the rule no longer keeps."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from mcore.checkpoints.arrays import load_arrays
from mcore.checkpoints.errors import CheckpointError
from mcore.checkpoints.filters import where
from mcore.checkpoints.optimisers import optimiser_of
from mcore.checkpoints.parts import Prefixes
from mcore.checkpoints.reading import read_tensors
from mcore.checkpoints.record import Checkpoint, Metadata
from mcore.checkpoints.saving.rules import Moment, Rule, rule_of
from mcore.checkpoints.store import CheckpointStore

#: Under this name the metadata's notes keep what a saver must know of its own checkpoints.
_NOTE = "saver"


class Saver:
    """Saves a model while it is trained. Of several processes that train one model, one has a saver.

    Args:
        store: where to.
        model: in training.
        rule: what is saved and what stays; a function of the :class:`~mcore.checkpoints.saving.rules.Moment` is one.
        optimiser: its groups become part of the metadata, its state is saved.
        schedulers: their states are saved.
        others: what else has a state, by name: a gradient scaler, an average of the weights.
        state: save the states, so that training can go on; where false, weights and metrics alone are saved.
        metadata: what is known of every checkpoint.
        network: name; by default that of the model's class.
        task: by default what the model's class says.
        parts: prefixes of the weights of each part; by default found.
        run: name of the training; a saver with the name of an earlier one goes on with its checkpoints. By default a new one.
    """

    def __init__(
        self,
        store: CheckpointStore,
        model: Any,
        rule: Rule | Callable[[Moment], bool],
        *,
        optimiser: Any = None,
        schedulers: Iterable[Any] = (),
        others: Mapping[str, Any] | None = None,
        state: bool = True,
        metadata: Metadata | None = None,
        network: str = "",
        task: str = "",
        parts: Prefixes | None = None,
        run: str = "",
    ) -> None:
        self._store, self._model, self._rule, self._optimiser = store, model, rule_of(rule), optimiser
        self._stateful: dict[str, Any] = {} if optimiser is None else {"optimiser": optimiser}
        self._stateful |= {f"scheduler {i}": scheduler for i, scheduler in enumerate(schedulers)}
        self._stateful |= others or {}
        self._state = state
        self._named: dict[str, Any] = {"network": network, "task": task, "parts": parts}
        self._metadata = metadata or Metadata()
        self.run = run or f"run-{secrets.token_hex(6)}"
        earlier = store.search(where.run == self.run) if run else []
        numbered = sorted(((_number(c), c) for c in earlier), key=lambda pair: pair[0])
        self._saved = [(_moment(number, c), c) for number, c in numbered]
        self._next = 1 + max((number for number, _ in numbered), default=-1)

    @property
    def kept(self) -> list[Checkpoint]:
        """The checkpoints of this training that are there, oldest first."""
        return [checkpoint for _, checkpoint in self._saved]

    def step(
        self,
        metrics: Mapping[str, Any],
        *,
        epoch: int | None = None,
        step: int | None = None,
        artefacts: Mapping[str, Any] | None = None,
    ) -> Checkpoint | None:
        """Tell of a moment; gives the checkpoint if it was saved.

        Args:
            metrics: numbers by name, saved with the weights; one that is not finite is left out, and noted.
            epoch: counted from 0.
            step: counted by the training.
            artefacts: anything else that the rule is to judge by; not saved.

        Raises:
            CheckpointError: the rule asks for a metric that is not there.
            StoreUnavailableError: the store cannot be used. Nothing was removed.
        """
        numbers = {name: float(value) for name, value in metrics.items()}
        moment = Moment(self._next, numbers, epoch, step, artefacts or {})
        before = [m for m, _ in self._saved]
        wanted, names = self._rule.judged(moment, before)
        if not wanted:
            return None
        saved = self._save(moment, names)
        self._next += 1
        self._saved.append((_moment(moment.number, saved), saved))
        self._prune()
        return saved

    def resume(self, checkpoint: Checkpoint | None = None) -> int:
        """Go on where the training was when ``checkpoint`` was saved, by default the last of this run; 0 if there is none.

        Weights, optimiser, schedulers and the random generators of Python, NumPy and torch are as they were.

        Returns:
            The epoch to go on with.

        Raises:
            CheckpointError: it was saved without the states, or with those of other parts.
            DamagedError: it is not intact.
        """
        if checkpoint is None:
            resumable = [c for c in self.kept if c.state is not None]
            if not resumable:
                return 0
            checkpoint = resumable[-1]
        from mcore.checkpoints.training.state import load_state

        data = self._store.state(checkpoint)
        weights = read_tensors(self._store.root, checkpoint.tensors)
        own = self._model.state_dict()
        if {k: tuple(v.shape) for k, v in own.items()} != {k: v.shape for k, v in weights.items()}:
            raise CheckpointError(f"{checkpoint.id} is of another model: its weights have other names or shapes")
        load_arrays(self._model, weights)
        load_state(data, self._stateful)
        return 0 if checkpoint.metadata.epoch is None else checkpoint.metadata.epoch + 1

    def _save(self, moment: Moment, wanted: set[str]) -> Checkpoint:
        state = None
        if self._state:
            from mcore.checkpoints.training.state import state_bytes

            state = state_bytes(self._stateful)
        finite = {name: value for name, value in moment.metrics.items() if math.isfinite(value)}
        note: dict[str, Any] = {"number": moment.number, "wanted": sorted(wanted)}
        if left_out := sorted(moment.metrics.keys() - finite.keys()):
            note["not finite"] = left_out
        changes: dict[str, Any] = {
            "metrics": {**self._metadata.metrics, **finite},
            "epoch": moment.epoch,
            "step": moment.step,
            "run": self.run,
            "notes": {**self._metadata.notes, _NOTE: note},
        }
        if self._optimiser is not None:
            changes["optimiser"] = optimiser_of(self._optimiser, self._model)
        metadata = msgspec.structs.replace(self._metadata, **changes)
        return self._store.save(self._model, metadata=metadata, state=state, **self._named)

    def _prune(self) -> None:
        """Remove what the rule no longer keeps. What it just wanted stays, even where it would not be kept among the others."""
        keep = self._rule.keeps([moment for moment, _ in self._saved]) | {self._saved[-1][0].number}
        gone = [checkpoint.id for moment, checkpoint in self._saved if moment.number not in keep]
        if gone:
            self._store.delete(gone)
            self._saved = [pair for pair in self._saved if pair[0].number in keep]


def _number(checkpoint: Checkpoint) -> int:
    number = checkpoint.metadata.notes.get(_NOTE, {}).get("number")
    if not isinstance(number, int):
        raise CheckpointError(
            f"{checkpoint.id} of run {checkpoint.metadata.run!r} was not made by a saver: name another run"
        )
    return number


def _moment(number: int, checkpoint: Checkpoint) -> Moment:
    m = checkpoint.metadata
    return Moment(number, m.metrics, m.epoch, m.step, wanted=frozenset(m.notes[_NOTE].get("wanted", ())))
