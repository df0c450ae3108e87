"""Whether a URL is one of a broker, said before a library says it: its words may hold a part of the password."""

from __future__ import annotations

from typing import Any

from farm.errors import UsageError
from farm.settings import QUOTE, redacted


def check_broker_url(url: str, tls: dict[str, Any] | None) -> None:
    """Raise :class:`~farm.errors.UsageError` for what is no broker's URL; ``tls`` is of :func:`farm.broker.tls.tls_options`."""
    from kombu import Connection

    try:
        if "://" not in url:
            raise KeyError("it has no scheme")
        connection = Connection(url, ssl=tls)
        kind = connection.get_transport_cls().driver_type
    except (KeyError, ImportError) as error:
        raise UsageError(f"FARM_BROKER_URL {redacted(url)} is not a broker's URL: {error.args[0]}") from None
    except (ValueError, TypeError):
        # What is taken for the port may be a part of the password.
        raise UsageError(f"FARM_BROKER_URL {redacted(url)} is not a broker's URL: {QUOTE}") from None
    if kind != "redis":
        raise UsageError(
            f"FARM_BROKER_URL {redacted(url)}: the broker of the farm is a Redis: write redis:// or rediss://"
        )
    number = str(connection.virtual_host or "").strip("/")
    if number and not number.isdecimal():
        # What is taken for the number may be a part of the password, too.
        raise UsageError(
            f"FARM_BROKER_URL {redacted(url)} is not a broker's URL: the database of a Redis is a number, as in "
            f"redis://host:6379/0; {QUOTE}"
        )
