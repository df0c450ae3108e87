"""The parameter groups of an optimiser, by the names that the model has for their parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcore.checkpoints.record import Group, Optimiser

#: What a group has beside its parameters and these two is kept as an option, where JSON has it.
_OWN = ("params", "lr", "weight_decay")


def optimiser_of(optimiser: Any, model: Any) -> Optimiser:
    """Class, and of each group: rate and weight decay now, its parameters, other options.

    Args:
        optimiser: of torch, or whatever has ``param_groups`` as torch's have.
        model: whose parameters it changes.
    """
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = []
    for group in optimiser.param_groups:
        own = [names[id(p)] for p in group["params"] if id(p) in names]
        groups.append(
            Group(
                lr=float(group["lr"]),
                weight_decay=float(group.get("weight_decay", 0.0)),
                parameters=condensed(own, names.values()),
                elements=sum(int(p.numel()) for p in group["params"]),
                options={k: _plain(v) for k, v in group.items() if k not in _OWN and _is_plain(v)},
            )
        )
    return Optimiser(name=type(optimiser).__name__, groups=tuple(groups))


def condensed(names: Iterable[str], all_names: Iterable[str]) -> tuple[str, ...]:
    """``names`` in few words: ``layer1.`` for all that begins so, ``*`` for all that there are."""
    mine, every = set(names), list(all_names)
    return tuple(_condensed("", mine, every))


def _condensed(prefix: str, mine: set[str], every: list[str]) -> Iterable[str]:
    below = [name for name in every if name.startswith(prefix)]
    if below and all(name in mine for name in below):
        yield prefix or "*"
        return
    for first in dict.fromkeys(name[len(prefix) :].partition(".")[0] for name in below):
        name = prefix + first
        if name in mine:
            yield name
        elif any(other.startswith(f"{name}.") and other in mine for other in below):
            yield from _condensed(f"{name}.", mine, every)


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
