"""Saving by rule while a model is trained, and going on from what was saved.

::

    saver = Saver(store, model, Best("miou", mode="max", keep=3) | Last(), optimiser=optimiser, schedulers=[scheduler])
    for epoch in range(saver.resume(), epochs):
        ...
        saver.step({"miou": miou, "loss": loss}, epoch=epoch)
"""

from mcore.checkpoints.saving.callback import SaverCallback
from mcore.checkpoints.saving.rules import Best, Every, Last, Moment, Rule, When
from mcore.checkpoints.saving.saver import Saver

__all__ = ["Best", "Every", "Last", "Moment", "Rule", "Saver", "SaverCallback", "When"]
