"""A converter on a database, and children that stand in for the one that converts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from farm.conversion import converter as converter_module
from farm.conversion.converter import Converter
from farm.conversion.wire import Begun, Event, Item, Result
from farm.database.engine import Database
from farm.database.models import Conversion
from tests.farm.tinyfarm import TinyFarm

Child = Callable[[Path, Sequence[Item]], Iterator[Event]]


def make(farm: TinyFarm, store: str | None = None, *, patient: bool = False) -> Converter:
    place = store or str(farm.scratch.root.parent / "store")
    return Converter(farm.database, farm.inventory, farm.repository, place, patient=patient)


def played(monkeypatch: pytest.MonkeyPatch, child: Child) -> None:
    """Let ``child`` stand in for the child process."""

    def convert_items(source: Path, items: Sequence[Item], *_: object) -> Iterator[Event]:
        yield from child(source, items)

    monkeypatch.setattr(converter_module, "convert_items", convert_items)


def copying(bundle: Path) -> Child:
    """A child that makes the same bundle of everything."""

    def child(source: Path, items: Sequence[Item]) -> Iterator[Event]:
        for item in items:
            yield Begun(item.key, "import")
            shutil.copytree(bundle, item.folder)
            yield Result(item.key, 0.1)

    return child


def conversions(database: Database) -> dict[str, Conversion]:
    with database.read() as session:
        rows = session.scalars(select(Conversion)).all()
        return {row.architecture.name: row for row in rows}


def states(database: Database) -> dict[str, str]:
    return {name: row.state for name, row in conversions(database).items()}
