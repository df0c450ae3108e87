"""What the pages read from: the database, the inventory as its file is now, the repository."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from sqlalchemy.orm import Session

from farm.database.engine import Database, open_database
from farm.errors import InfrastructureError, InventoryError
from farm.git import Repository
from farm.inventory import Inventory, load_inventory
from farm.settings import Settings
from farm.web.stores import Stores


class Opened:
    """Opened when it is first needed, and kept.

    Args:
        settings: of the repository.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stores = Stores(settings)
        self._turn = threading.Lock()  # requests are answered in threads
        self._database: Database | None = None
        self._inventory: tuple[tuple[int, int], Inventory] | None = None

    @property
    def database(self) -> Database:
        with self._turn:
            if self._database is None:
                self._database = open_database(self.settings.database_url)
            return self._database

    @cached_property
    def repository(self) -> Repository:
        return Repository.find(self.settings.repository)

    @property
    def inventory(self) -> Inventory:
        """The inventory; read again where the file is another one than last time.

        Raises:
            InfrastructureError: the file is not there, or is wrong.
        """
        try:
            stat = self.settings.inventory.stat()
            version = (stat.st_mtime_ns, stat.st_size)
            with self._turn:
                if self._inventory is None or self._inventory[0] != version:
                    self._inventory = version, load_inventory(self.settings.inventory)
                return self._inventory[1]
        except OSError as error:
            where = self.settings.inventory
            raise InfrastructureError(f"the inventory {where} cannot be read: {error.strerror}") from error
        except InventoryError as error:  # not what the reader asked is wrong
            raise InfrastructureError(f"the inventory cannot be used: {error}") from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads."""
        with self.database.read() as session:
            yield session

    def close(self) -> None:
        """Close the database."""
        if self._database is not None:
            self._database.close()
