"""What most commands need first: the repository they stand in, its settings, inventory and database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from farm.git import Repository
from farm.settings import Settings

if TYPE_CHECKING:
    from farm.database.engine import Database
    from farm.inventory import Inventory
    from farm.planning import SourceReader


@dataclass
class Context:
    """Opened step by step: a command that needs no database opens none."""

    repository: Repository
    settings: Settings

    @classmethod
    def here(cls) -> Context:
        """For the repository of the current folder; raises :class:`~farm.source.errors.SourceError` outside of one."""
        repository = Repository.find(Path.cwd())
        return cls(repository, Settings.load(repository.root))

    @cached_property
    def inventory(self) -> Inventory:
        from farm.inventory import load_inventory

        return load_inventory(self.settings.inventory)

    @cached_property
    def reader(self) -> SourceReader:
        """Of the repository's states; those that were read before come from the user's cache folder."""
        from farm.planning import SourceReader
        from farm.settings import user_cache
        from farm.state_cache import StateCache

        return SourceReader(self.repository, self.inventory, StateCache(user_cache() / "selection"))

    def check_profiles(self) -> None:
        """Raise :class:`~farm.errors.InventoryError` for a profile that makes no sense, before anything waits for it."""
        from farm.inventory import check_profiles

        check_profiles(self.settings.inventory, self.inventory)

    @cached_property
    def database(self) -> Database:
        from farm.database.engine import open_database

        return open_database(self.settings.database_url)


def emit_json(schema: str, document: dict[str, Any]) -> None:
    """Print a ``--json`` document, its schema first."""
    click.echo(json.dumps({"schema": schema, **document}, indent=2, default=str, allow_nan=False))


def say(text: str) -> None:
    """Progress and remarks: standard error."""
    click.echo(text, err=True)


def who() -> str:
    """The user who calls, for the record of who changed what."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in a container
        return "unknown"
