"""What most commands need first: the repository they stand in, its settings, inventory and database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    pass


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
