"""``farm broker``: the accounts and keys of device hosts on the broker."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def broker() -> None:
    """The accounts of device hosts on the broker.

    \b
    farm broker acl --device numpy --password-file secrets/numpy_password
    farm broker key --device numpy
    """  # noqa: D301


@broker.command()
@click.option("--device", metavar="TYPE", help="The device type whose hosts use the account.")
@click.option("--coordinator", is_flag=True, help="The account of coordinators: the one without a name.")
@click.option(
    "--password-file",
    required=True,
    type=click.Path(path_type=Path),
    help="File with the account's password; its sha256 alone is printed.",
)
def acl(device: str | None, coordinator: bool, password_file: Path) -> None:
    """Print the line of the Redis ACL file (redis-server --aclfile) for the hosts of one device type, or for coordinators.

    With it a host takes its own attempts and reports; it reads and writes nothing else on the broker. A file without the
    coordinators' line leaves the broker open to everybody, whatever requirepass says.

    \b
    farm broker acl --coordinator --password-file secrets/redis_password > users.acl
    farm broker acl --device numpy --password-file secrets/numpy_password >> users.acl
    """  # noqa: D301
    import re

    from farm.broker.access import acl_line, coordinator_line
    from farm.errors import UsageError

    if (device is None) != coordinator:
        raise UsageError("say --device TYPE or --coordinator: one account for each device type, one for coordinators")
    if device is not None and not re.fullmatch(r"[A-Za-z0-9_.:+-]{1,128}", device):
        raise UsageError(f"--device {device!r}: a device type is named by letters, digits and _ . : + -")
    try:
        password = password_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--password-file {password_file}: cannot be read: {error}") from None
    if len(password) < 16:
        raise UsageError(f"--password-file {password_file}: {len(password)} characters; an account needs 16 or more")
    click.echo(coordinator_line(password) if device is None else acl_line(device, password))


@broker.command()
@click.option("--device", required=True, metavar="TYPE", help="The device type whose hosts sign with the key.")
def key(device: str) -> None:
    """Print the signing key of one device type (FARM_DEVICE_KEY of its hosts), drawn from FARM_SIGNING_KEY.

    \b
    farm broker key --device numpy
    """  # noqa: D301
    from farm.broker.signing import device_key
    from farm.errors import UsageError
    from farm.settings import from_environment

    master = from_environment("FARM_SIGNING_KEY")
    if not master:
        raise UsageError("FARM_SIGNING_KEY is not set: there is no secret to draw the key of a device type from")
    click.echo(device_key(master, device))
