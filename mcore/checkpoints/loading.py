"""Loading a checkpoint, or parts of it, into a model: names mapped, shapes adapted where one asks, all reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcore.checkpoints.errors import CheckpointError, MisfitError
from mcore.checkpoints.parts import parts_of_model
from mcore.pretrained.adapting import Adaptation, advice, has_other_channels, has_other_classes, repeated_channels
from mcore.pretrained.loading import COUNTERS, KeyMap, listed, renamed_key


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A weight of another shape in the checkpoint than in the model."""

    name: str
    theirs: tuple[int, ...]
    ours: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} is {self.theirs}, wanted {self.ours}{advice(self.theirs, self.ours)}"


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of every weight, by the model's names; ``unexpected`` and ``dropped`` are the checkpoint's.

    Args:
        checkpoint: its id.
        parts: that were asked for; none for all.
        loaded: taken as they were stored.
        adapted: taken with other input channels.
        fresh: left as the model made them, as one asked for.
        missing: of the parts that were asked for, but not in the checkpoint: left as the model made them.
        unexpected: in the checkpoint, but without a place in the model.
        mismatched: of another shape: left as the model made them.
        dropped: by the key map.
        other: weights of parts that were not asked for, left as they were.
    """

    checkpoint: str
    parts: tuple[str, ...]
    loaded: tuple[str, ...]
    adapted: tuple[str, ...]
    fresh: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[Mismatch, ...]
    dropped: tuple[str, ...]
    other: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether nothing is missing, unexpected, or of another shape."""
        return not (self.missing or self.unexpected or self.mismatched)

    def __str__(self) -> str:
        """A line for each kind that there is."""
        of = f" of {', '.join(self.parts)}" if self.parts else ""
        lines = [f"{len(self.loaded)} weights{of} loaded from {self.checkpoint}"]
        for kind in ("adapted", "fresh", "missing", "unexpected", "mismatched", "dropped"):
            if items := getattr(self, kind):
                lines.append(f"{kind}: {listed(items)}")
        if self.other:
            lines.append(f"{len(self.other)} weights of other parts were left alone")
        return "\n".join(lines)


def fit(
    model: Any,
    weights: Mapping[str, np.ndarray],
    *,
    checkpoint: str,
    parts: Sequence[str] | None = None,
    prefix: tuple[str, str] | None = None,
    key_map: KeyMap = (),
    adaptation: Adaptation | None = None,
) -> tuple[dict[str, np.ndarray], LoadReport]:
    """Weights by the model's names, as it can take them, and the report.

    Args:
        model: on either backend.
        weights: of the checkpoint, by its names: those of the parts that are asked for.
        checkpoint: its id.
        parts: of the model that are to be filled; ``None`` for all of it.
        prefix: what the checkpoint's names begin with, and what the model's begin with in its place.
        key_map: pairs of a regular expression and its replacement; the first that matches renames, ``None`` drops. Comes after
            the prefix.
        adaptation: what may be done about weights of another shape.

    Raises:
        CheckpointError: the model has no such part, or two weights get one name.
    """
    renamed, dropped = _renamed(weights, prefix, key_map)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    wanted = _wanted(model, shapes, parts)
    fitted: dict[str, np.ndarray] = {}
    adapted, fresh, wrong = [], [], []
    choice = adaptation or Adaptation()
    for name in (n for n in wanted if n in renamed):
        array, shape = renamed[name], shapes[name]
        if array.shape == shape:
            fitted[name] = array
        elif has_other_channels(array.shape, shape) and choice.channels == "repeat":
            adapted.append(name)
            fitted[name] = repeated_channels(array, shape[1])
        elif (has_other_channels(array.shape, shape) and choice.channels == "fresh") or (
            has_other_classes(array.shape, shape) and choice.classes == "fresh"
        ):
            fresh.append(name)
        else:
            wrong.append(Mismatch(name, tuple(array.shape), shape))
    report = LoadReport(
        checkpoint=checkpoint,
        parts=tuple(parts or ()),
        loaded=tuple(n for n in fitted if n not in adapted),
        adapted=tuple(adapted),
        fresh=tuple(fresh),
        missing=tuple(n for n in wanted if n not in renamed and not n.endswith(COUNTERS)),
        unexpected=tuple(n for n in renamed if n not in wanted and not n.endswith(COUNTERS)),
        mismatched=tuple(wrong),
        dropped=tuple(dropped),
        other=tuple(n for n in shapes if n not in wanted),
    )
    return fitted, report


def refuse_misfit(report: LoadReport, model: Any, *, strict: bool) -> None:
    """Raise :class:`MisfitError` for a report that does not fit, or that has nothing loaded, even where that is not strict."""
    name = type(model).__name__
    if not (report.loaded or report.adapted):
        said = f"nothing of {report.checkpoint} has a place in {name}"
    elif strict and not report.fits:
        said = f"{report.checkpoint} does not fit {name}"
    else:
        return
    kinds = {"missing": report.missing, "unexpected": report.unexpected, "of another shape": report.mismatched}
    problems = "; ".join(f"{kind}: {listed(items)}" for kind, items in kinds.items() if items)
    raise MisfitError(f"{said}: {problems}{_hint(report)}")


def _renamed(
    weights: Mapping[str, np.ndarray], prefix: tuple[str, str] | None, key_map: KeyMap
) -> tuple[dict[str, np.ndarray], list[str]]:
    renamed: dict[str, np.ndarray] = {}
    dropped = []
    theirs, ours = prefix or ("", "")
    for name, array in weights.items():
        own = renamed_key(ours + name[len(theirs) :] if name.startswith(theirs) else name, key_map)
        if own is None:
            dropped.append(name)
        elif own in renamed:
            raise CheckpointError(f"prefix and key map make two weights one: {own}")
        else:
            renamed[own] = array
    return renamed, dropped


def _wanted(model: Any, shapes: Mapping[str, Any], parts: Sequence[str] | None) -> dict[str, None]:
    """The model's names of the parts that are asked for."""
    if parts is None:
        return dict.fromkeys(shapes)  # in the model's order
    own = parts_of_model(model, shapes)
    if unknown := [part for part in parts if part not in own.values()]:
        there = ", ".join(dict.fromkeys(own.values()))
        raise CheckpointError(f"{type(model).__name__} has no part {', '.join(unknown)}; it has {there}")
    return {name: None for name in shapes if own[name] in parts}


def _hint(report: LoadReport) -> str:
    """Which prefix would make the unexpected names the missing ones, if one does."""
    missing, unexpected = set(report.missing), report.unexpected
    if not missing or not unexpected:
        return ""
    for name in sorted(missing, key=len):
        for theirs in (u for u in unexpected if name.endswith(u) or u.endswith(name)):
            pair = (theirs[: len(theirs) - len(name)], "") if len(theirs) > len(name) else ("", name[: -len(theirs)])
            if all(u.startswith(pair[0]) and pair[1] + u[len(pair[0]) :] in missing for u in unexpected):
                return f" (prefix={pair!r} makes these the same)"
    return ""
