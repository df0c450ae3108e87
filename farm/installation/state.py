"""What the checks of an installation look at: as much of it as can be had, and what was in the way of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from farm.errors import FarmError
from farm.git import Repository
from farm.inventory import Inventory, check_exclusions, check_profiles, load_inventory
from farm.settings import Settings
from farm.source.errors import SourceError
from workers.codec import one_line


@dataclass(frozen=True, slots=True)
class Installation:
    """What this machine has of one. Without a repository there are no settings; ``hindrances`` say why something is missing."""

    repository: Repository | None = None
    settings: Settings | None = None
    inventory: Inventory | None = None
    hindrances: tuple[tuple[str, str], ...] = ()

    @classmethod
    def at(cls, folder: Path) -> Installation:
        """Of the repository that ``folder`` lies in."""
        try:
            repository = Repository.find(folder)
        except (SourceError, OSError) as error:
            return cls(hindrances=(("repository", one_line(error)),))
        try:
            settings = Settings.load(repository.root)
        except FarmError as error:
            return cls(repository, hindrances=(("settings", one_line(error)),))
        try:
            inventory = load_inventory(settings.inventory)
            check_profiles(settings.inventory, inventory)
            check_exclusions(settings.inventory, inventory, repository.root)
        except FarmError as error:
            return cls(repository, settings, hindrances=(("inventory", one_line(error)),))
        return cls(repository, settings, inventory)

    @property
    def embedded(self) -> bool:
        """Whether submissions convert and run attempts in this very installation: there is no broker."""
        return self.settings is None or self.settings.broker_url is None

    def hindrance(self, what: str) -> str:
        """Why ``what`` is missing; empty where it is not."""
        return dict(self.hindrances).get(what, "")
