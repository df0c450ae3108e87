"""``farm broker``: the accounts of device hosts on the broker."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def broker() -> None:
    """The accounts of device hosts on the broker."""


@broker.command()
@click.option("--device", required=True, metavar="TYPE", help="The device type whose hosts use the account.")
@click.option(
    "--password-file",
    required=True,
    type=click.Path(path_type=Path),
    help="File with the account's password; its sha256 alone is printed.",
)
def acl(device: str, password_file: Path) -> None:
    """Print the line of the Redis ACL file (redis-server --aclfile) for the hosts of one device type.

    With it a host takes its own attempts and reports; it reads and writes nothing else on the broker.

    \b
    farm broker acl --device numpy --password-file secrets/numpy
    """  # noqa: D301
    import re

    from farm.broker_access import acl_line
    from farm.errors import UsageError

    if not re.fullmatch(r"[A-Za-z0-9_.:+-]{1,128}", device):
        raise UsageError(f"--device {device!r}: a device type is named by letters, digits and _ . : + -")
    try:
        password = password_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--password-file {password_file}: cannot be read: {error}") from None
    if len(password) < 16:
        raise UsageError(f"--password-file {password_file}: {len(password)} characters; an account needs 16 or more")
    click.echo(acl_line(device, password))
