"""What is recorded, for commands that look into the database on the way to something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from farm.cli.context import say
from farm.running.context import Context

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from farm.errors import InfrastructureError

T = TypeVar("T")


class Records:
    """The database of a context, which is not made where there is none yet.

    Args:
        context: of the command.
        optional: the command goes on where the database cannot be asked. It says so, and does not wait for the database again.
    """

    def __init__(self, context: Context, *, optional: bool) -> None:
        self.context, self._optional = context, optional
        self._failure: InfrastructureError | None = None

    def look_up(self, read: Callable[[Session], T], default: T, without: str) -> T:
        """What ``read`` finds; ``default`` where nothing is recorded.

        Where the records are optional and cannot be read, ``default`` too: ``without`` says what that means.

        Raises:
            InfrastructureError: the records are not optional, and cannot be read.
        """
        from farm.errors import InfrastructureError

        if not self.context.settings.recorded:
            return default
        if self._failure is None:
            try:
                with self.context.database.read() as session:
                    return read(session)
            except InfrastructureError as error:
                if not self._optional:
                    raise
                self._failure = error
        say(f"farm: {self._failure}; {without}")
        return default
