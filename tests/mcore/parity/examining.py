"""One operator tried on its samples: each must agree with torch, or be refused for a reason that is listed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import torch
from torch.testing._internal.opinfo.core import OpInfo

from .refusals import Refusal
from .samples import Sample, chosen, dtypes

#: Gives what differs from torch for a sample and its position, ``""`` if nothing; raises if the Platform refuses it.
Attempt = Callable[[Sample, int], str]


@dataclass(frozen=True)
class Trial:
    """How an operator is tried; ``errors`` are those by which the Platform refuses a call."""

    attempt: Attempt
    errors: tuple[type[Exception], ...]
    listed: Collection[Refusal]

    def of(self, sample: Sample, position: int, dtype: torch.dtype) -> Refusal | None:
        """The listed refusal that the sample met, if it did; fails where it does not agree, or is refused otherwise."""
        try:
            text = self.attempt(sample, position)
        except self.errors as error:
            message = str(error)
            assert "\n" not in message
            for refusal in self.listed:
                if refusal.text in message:
                    return refusal
            raise AssertionError(f"{dtype} ({sample}) is refused, and not listed: {message}") from error
        assert not text, f"{dtype} ({sample}): {text}"
        return None


def examine(info: OpInfo, trial: Trial) -> None:
    """Try the operator on its chosen samples, and on others until each listed refusal was met.

    So the list can only shrink: a call that works now fails this until its line is gone.
    """
    unmet = set(trial.listed)
    left = []
    for dtype in dtypes(info):
        picked, others = chosen(info, dtype)
        unmet -= {trial.of(sample, position, dtype) for position, sample in enumerate(picked)}
        left += [(sample, position, dtype) for position, sample in enumerate(others)]
    for case in left:
        if not unmet:
            return
        unmet.discard(trial.of(*case))
    assert not unmet, f"refused no more, so to be taken off the list: {', '.join(r.text for r in unmet)}"
