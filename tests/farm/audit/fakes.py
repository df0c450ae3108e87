"""A workshop that knows what each tree comes to without converting anything, and a repository with a hidden edge."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from farm.audit.states import State, state_of
from farm.audit.trees import content
from farm.audit.workshop import Made
from farm.conversion.watch import Reach
from farm.git import Repository
from farm.planning.plan import SourceReader
from farm.source.catalogue import Architecture
from farm.source.tree import SourceTree
from mcore.platform.bundle import Identity, Manifest
from tests.acceptance.hidden import FOUR, HIDDEN, NETWORK, PART, SIZES
from tests.acceptance.tiny import FILES
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import BLOCK, SMALL, tiny_inventory

#: What the bundle of each architecture really depends on.
TRUTH = {
    "network:hidden": (HIDDEN, PART, f"{SIZES}/two", f"{SIZES}/three"),
    "network:tiny": (BLOCK, SMALL),
    "network:wide": (SMALL,),
    "block:Block": (BLOCK,),
}
HIDDEN_FILES = {
    **FILES,
    HIDDEN: NETWORK,
    "models/networks/__init__.py": (
        "from models.networks.hidden import hidden\n"
        + FILES["models/networks/__init__.py"].replace('"wide"]', '"wide", "hidden"]')
    ),
    "models/parts/__init__.py": "",
    PART: FOUR,
    f"{SIZES}/two": "2\n",
}
Comes = Callable[[SourceTree, str, int], str]


def truly(tree: SourceTree, key: str, _hash_seed: int = 0) -> str:
    """An identity that follows from the files that really count, whatever the selection thinks."""
    return hashlib.sha256(repr([content(tree, path) for path in TRUTH[key]]).encode()).hexdigest()


class FakeWorkshop:
    """Converts by ``comes``; what it was asked for is in ``asked``, by tree, key and hash seed."""

    def __init__(self, comes: Comes = truly, reached: Iterable[Reach] = (), toolchain: str = "1") -> None:
        self._comes, self._reached, self._toolchain = comes, tuple(reached), toolchain
        self.asked: list[tuple[str, str, int]] = []
        self.watched: list[str] = []

    def convert(
        self,
        tree: SourceTree,
        architectures: Sequence[Architecture],
        *,
        hash_seed: int = 0,
        keep: bool = False,
        watch: str = "",
    ) -> dict[str, Made]:
        self.asked += [(tree.key, a.key, hash_seed) for a in architectures]
        self.watched += [watch] if watch else []
        return {a.key: self._made(self._comes(tree, a.key, hash_seed), watch) for a in architectures}

    def _made(self, ending: str, watch: str) -> Made:
        reached = self._reached if watch else ()
        if len(ending) < 64:  # an outcome, or nothing
            return Made(ending, f"{ending or 'INFRA_ERROR'}: it said so", reached=reached)
        manifest = Manifest("x", "network", Identity("g", "w", "s"), {}, {}, toolchain={"converter": self._toolchain})
        return Made(ending, manifest=manifest, reached=reached)


def reader_of(scratch: Scratch) -> SourceReader:
    return SourceReader(Repository.find(scratch.root), tiny_inventory())


def state_at(reader: SourceReader, revision: str) -> State:
    return state_of(reader, reader.repository.tree(revision))
