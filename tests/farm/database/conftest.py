"""Somebody who says something in a database: as for the notifications that come of it."""

from tests.farm.notifications.conftest import tell

__all__ = ["tell"]
