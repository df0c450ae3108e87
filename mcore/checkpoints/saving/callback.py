"""The saver as a callback of Lightning's ``Trainer``, or of whatever calls the same methods; Lightning is not needed for it."""

from __future__ import annotations

from typing import Any

from mcore.checkpoints.record import Checkpoint
from mcore.checkpoints.saving.saver import Saver


class SaverCallback:
    """Tells a saver of every validation, or where there is none of every epoch.

    ::

        trainer = Trainer(callbacks=[SaverCallback(Saver(store, module, Best("val_miou", mode="max", keep=3)))])

    The metrics are the trainer's ``callback_metrics``. It answers every other call of a trainer with nothing.
    """

    state_key = "mcore.checkpoints.SaverCallback"

    def __init__(self, saver: Saver) -> None:
        self.saver = saver
        self._validated: tuple[int, int] | None = None

    def on_validation_end(self, trainer: Any, module: Any) -> None:
        """Lightning's hook."""
        if not getattr(trainer, "sanity_checking", False):
            self._validated = (trainer.current_epoch, trainer.global_step)
            self._tell(trainer)

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        """Lightning's hook; it comes after the validation of the same epoch."""
        if self._validated is None or self._validated[0] != trainer.current_epoch:
            self._tell(trainer)

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the store has the saver's state."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("on_") or name in ("setup", "teardown"):
            return lambda *arguments, **named: None
        raise AttributeError(name)

    def _tell(self, trainer: Any) -> Checkpoint | None:
        if not getattr(trainer, "is_global_zero", True):
            return None
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        return self.saver.step(metrics, epoch=trainer.current_epoch, step=trainer.global_step)
