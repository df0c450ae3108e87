"""``farm db``."""

from __future__ import annotations

import click

from farm.cli.context import say
from farm.running.context import Context


@click.group()
def db() -> None:
    """Migrate the database.

    \b
    farm db upgrade
    """  # noqa: D301


@db.command()
def upgrade() -> None:
    """Bring the database's schema to what this farm wants.

    \b
    FARM_DATABASE_URL=postgresql://db.example/support farm db upgrade
    """  # noqa: D301
    from farm.database.engine import SCHEMA_VERSION, Database
    from farm.settings import redacted

    url = Context.here().settings.database_url
    database = Database(url)
    database.upgrade()
    say(f"farm: {redacted(url)} has schema {SCHEMA_VERSION}")
