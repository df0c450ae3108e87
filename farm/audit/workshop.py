"""Converting architectures of any state of the repository, for an audit: nothing is queued, stored or recorded."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from farm.conversion.request import architecture_target
from farm.conversion.runner import ConversionLimits, Surroundings, convert_items
from farm.conversion.scratch import CONVERSIONS
from farm.conversion.source import write_tree
from farm.conversion.watch import Reach
from farm.conversion.wire import Item, Result
from farm.extras import require_torch
from farm.inventory import Inventory
from farm.source.catalogue import Architecture
from farm.source.tree import SourceTree
from mcore.platform.bundle import Manifest
from mcore.platform.errors import FormatError
from mcore.platform.format import read_manifest

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Made:
    """What a conversion came to.

    Args:
        ending: identity of the bundle, or the outcome of a refusal; empty where nothing was learnt of the code.
        message: the refusal's.
        manifest: the bundle's.
        folder: of the bundle, while it is kept.
        reached: on which ways the file that was watched for is reached.
    """

    ending: str
    message: str = ""
    manifest: Manifest | None = None
    folder: Path | None = None
    reached: tuple[Reach, ...] = ()


class Workshop:
    """A temporary folder to convert in, for as long as the context lasts."""

    def __init__(self, inventory: Inventory, say: Say, limits: ConversionLimits = ConversionLimits()) -> None:  # noqa: B008
        require_torch()
        self._inventory, self._say, self._limits = inventory, say, limits
        self._numbered = 0

    def __enter__(self) -> Self:
        self._scratch = CONVERSIONS.folder()
        self._root = self._scratch.__enter__().resolve()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scratch.__exit__(kind, error, trace)

    def convert(
        self,
        tree: SourceTree,
        architectures: Sequence[Architecture],
        *,
        hash_seed: int = 0,
        keep: bool = False,
        watch: str = "",
    ) -> dict[str, Made]:
        """What each of ``architectures`` comes to with the code of ``tree``, by key.

        Args:
            tree: any state.
            architectures: of it.
            hash_seed: of the child process.
            keep: leave the bundles in their folders until the context ends.
            watch: a file of the tree, to be told how model code reaches it.
        """
        if not architectures:
            return {}
        with self._folder(keep) as folder:
            source = write_tree(tree, folder / "source")
            items = [self._item(a, folder, watch) for a in architectures]
            by_key = {item.key: item for item in items}
            made: dict[str, Made] = {}
            for event in convert_items(source, items, self._limits, surroundings=Surroundings(hash_seed)):
                if isinstance(event, Result):
                    made[event.key] = _made(event, Path(by_key[event.key].folder), keep)
                    self._say(
                        f"farm: {event.key} at {tree.key[:10]}: {_words(made[event.key])} ({event.seconds:.1f} s)"
                    )
        return made

    def _item(self, architecture: Architecture, folder: Path, watch: str) -> Item:
        return Item(
            key=architecture.key,
            kind=architecture.kind,
            target=architecture_target(self._inventory, architecture.kind, architecture.name),
            folder=str(folder / "bundles" / architecture.key.replace(":", "-")),
            watch=watch,
        )

    @contextmanager
    def _folder(self, keep: bool) -> Iterator[Path]:
        self._numbered += 1
        folder = self._root / str(self._numbered)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder / "source", ignore_errors=True)
            if not keep:
                shutil.rmtree(folder)


def _made(result: Result, folder: Path, keep: bool) -> Made:
    reached = tuple(result.reached)
    if result.outcome is not None:
        return Made(result.outcome if result.telling else "", f"{result.outcome}: {result.message}", reached=reached)
    try:
        manifest = read_manifest(folder)
    except FormatError as error:
        return Made("", f"the bundle that was written cannot be read: {error}", reached=reached)
    made = Made(str(manifest.identity), manifest=manifest, folder=folder, reached=reached)
    if not keep:  # of hundreds of networks, one after the other
        shutil.rmtree(folder)
        made = replace(made, folder=None)
    return made


def _words(made: Made) -> str:
    return made.ending[:10] if made.manifest else made.message
