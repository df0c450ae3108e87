"""What most commands need first: the repository they stand in, its settings, inventory and database."""

from __future__ import annotations

import json
from typing import Any

import click

#: The number of a row, such as a job's: what a database takes for one.
ROW = click.IntRange(1, 2**31 - 1)


def emit_json(schema: str, document: dict[str, Any]) -> None:
    """Print a ``--json`` document, its schema first."""
    import msgspec

    packed = json.dumps({"schema": schema, **document}, default=str, allow_nan=False)
    try:
        printed = msgspec.json.format(packed, indent=2)  # the same as by json, in a fiftieth of the time
    except msgspec.DecodeError:  # half a surrogate pair, as names of files may have it, is nothing that it takes
        printed = json.dumps(json.loads(packed), indent=2)
    click.echo(printed)


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
