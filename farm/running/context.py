"""What a process needs first: the repository that it stands in, its settings, inventory and database."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from farm.git import Repository
from farm.settings import Settings

if TYPE_CHECKING:
    from farm.database.engine import Database
    from farm.inventory import Inventory
    from farm.planning.plan import SourceReader


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
        """Of the repository's states; those that were read before come from the user's cache folder.

        Raises :class:`~farm.errors.InventoryError` where the inventory names a file of exclusions that is not there.
        """
        from farm.inventory import check_exclusions
        from farm.planning.plan import SourceReader
        from farm.planning.state_cache import StateCache
        from farm.settings import user_cache

        check_exclusions(self.settings.inventory, self.inventory, self.repository.root)
        return SourceReader(self.repository, self.inventory, StateCache(user_cache() / "selection"))

    def check_profiles(self) -> None:
        """Raise :class:`~farm.errors.InventoryError` for a profile that makes no sense, before anything waits for it."""
        from farm.inventory import check_profiles

        check_profiles(self.settings.inventory, self.inventory)

    @cached_property
    def database(self) -> Database:
        from farm.database.engine import open_database

        return open_database(self.settings.database_url)
