"""What is known before any input: weights, and what is computed of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mcore.platform.weights import HandedOver


@dataclass(frozen=True, slots=True)
class Weight:
    """The recipe of a weight: it is asked for, and read-only."""

    weights: Mapping[str, np.ndarray]
    name: str

    def __call__(self) -> np.ndarray:
        view = np.asarray(self.weights[self.name]).view()
        view.flags.writeable = False
        return view


class Constants(Mapping[str, np.ndarray]):
    """Arrays by value name (read-only), each taken where it comes from whenever it is asked for; nothing is kept here.

    A weight is read once, when it is brought into the form that an operation wants: kept as it was, or scaled by a batch norm,
    it would cost as much memory as the network again.
    """

    def __init__(self, recipes: Mapping[str, Callable[[], np.ndarray]]) -> None:
        self._recipes = dict(recipes)

    def copy(self) -> Constants:
        """The same, to add to."""
        return Constants(self._recipes)

    def add(self, name: str, recipe: Callable[[], np.ndarray]) -> None:
        """Make ``name`` by ``recipe`` whenever it is asked for."""
        self._recipes[name] = recipe

    def scaled(self, name: str, factor: np.ndarray) -> np.ndarray:
        """``name`` times ``factor``: in its own memory, where that is nobody else's."""
        recipe = self._recipes[name]
        if not isinstance(recipe, Weight) or not isinstance(recipe.weights, HandedOver):
            return np.asarray(recipe() * factor)
        array = recipe.weights.own(recipe.name)
        return np.multiply(array, factor, out=array)

    def keep(self, name: str, array: np.ndarray) -> None:
        """Hold ``array`` as ``name``; it is read-only from now on."""
        array.flags.writeable = False
        self._recipes[name] = lambda: array

    def hand_over(self, name: str, array: np.ndarray, again: Callable[[], np.ndarray]) -> None:
        """Hold ``array`` as ``name`` until it is asked for; who asks then gets what ``again`` makes."""
        array.flags.writeable = False
        held = [array]
        self._recipes[name] = lambda: held.pop() if held else again()

    def __getitem__(self, name: str) -> np.ndarray:
        return self._recipes[name]()

    def __contains__(self, name: object) -> bool:
        return name in self._recipes

    def __iter__(self) -> Iterator[str]:
        return iter(self._recipes)

    def __len__(self) -> int:
        return len(self._recipes)
