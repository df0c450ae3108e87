"""Where the farm keeps its things: option > ``FARM_*`` environment > default.

=====================  ==========================================================================================
``FARM_DATABASE_URL``  default: SQLite in ``.farm/`` of the repository if that is there, else in the user's data folder
``FARM_BROKER_URL``    the Celery broker; unset: the local wire, no broker
``FARM_BROKER_CA``     and ``FARM_BROKER_CERT``, ``FARM_BROKER_CERT_KEY``: its TLS (:mod:`farm.broker.tls`)
``FARM_STORE_URL``     the artifact store; default: a folder beside the default database
``FARM_INVENTORY``     default: ``inventory.yaml`` at the root of the repository
``FARM_CHECKPOINTS``   folder of checkpoints (:mod:`mcore.checkpoints`) and pretrained weights (:mod:`mcore.pretrained`);
                       unset: all weights are calibrated. ``FARM_CHECKPOINTS_DATABASE_URL``: the checkpoints' index;
                       default: SQLite in the folder
``FARM_CACHE``         a device host's bundle cache; default: under the user's cache folder
``FARM_CACHE_LIMIT``   what that may take: bytes, or a number with K, M, G or T (1024 and so on); default: 20G
``FARM_SIGNING_KEY``   the coordinator's secret that messages are signed with; unset: they are not signed
``FARM_DEVICE_KEY``    on a device host: the signing key of its device type, from ``farm broker key``
``FARM_UNIT``          name of the unit that a device host reports as; default: the host's name
``FARM_HOST``          name of the machine that a unit is at; default: the host's name
``FARM_PAGES_TOKEN``   what the pages and the API ask for (:mod:`farm.web`); unset: whoever reaches them reads them
``FARM_PAGES_URL``     URL of the farm's front page, for links in what is told others; unset: there are none
``FARM_STATUS_URL``    whose commits get the gate's status (:mod:`farm.gating.commit_status`); unset: none do.
                       ``FARM_STATUS_TOKEN``: the token for it
``FARM_WEBHOOK_URL``   and ``FARM_WEBHOOK_SECRET``, ``FARM_CHAT_URL``: who is told of changes (``farm.notifications.targets``)
``FARM_LOG_FORMAT``    of what runs for long: ``text`` (default), or ``json``, one object a line (:mod:`farm.logs.lines`)
``FARM_HEARTBEAT_S``   seconds from one heartbeat of a unit to the next; default: 10
=====================  ==========================================================================================

What is secret can be given by file: ``FARM_DATABASE_URL_FILE``, ``FARM_BROKER_URL_FILE``, ``FARM_STORE_URL_FILE``,
``FARM_SIGNING_KEY_FILE``, ``FARM_DEVICE_KEY_FILE``, ``FARM_CHECKPOINTS_DATABASE_URL_FILE``, ``FARM_PAGES_TOKEN_FILE``,
``FARM_STATUS_TOKEN_FILE``, ``FARM_WEBHOOK_URL_FILE``, ``FARM_WEBHOOK_SECRET_FILE``, ``FARM_CHAT_URL_FILE``.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from farm.errors import UsageError

DEFAULT_CACHE_LIMIT = "20G"
DEFAULT_HEARTBEAT_S = 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a coordinator-side command, for one repository; ``data`` is the folder of what has no other place."""

    repository: Path
    database_url: str
    broker_url: str | None
    store_url: str
    inventory: Path
    cache: Path
    cache_limit_bytes: int
    data: Path
    pages_token: str | None = field(default=None, repr=False)

    @classmethod
    def load(cls, repository: Path, environment: Mapping[str, str] | None = None) -> Settings:
        """Settings for the repository whose root is given."""
        env = os.environ if environment is None else environment
        data = _data_folder(repository)
        inventory = env.get("FARM_INVENTORY")
        return cls(
            repository=repository,
            database_url=from_environment("FARM_DATABASE_URL", env) or f"sqlite:///{data / 'farm.sqlite'}",
            broker_url=from_environment("FARM_BROKER_URL", env),
            store_url=from_environment("FARM_STORE_URL", env) or str(data / "store"),
            inventory=Path(inventory) if inventory else repository / "inventory.yaml",
            cache=_cache(env),
            cache_limit_bytes=_cache_limit(env),
            data=data,
            pages_token=from_environment("FARM_PAGES_TOKEN", env),
        )

    @property
    def recorded(self) -> bool:
        """Whether there is a database: an embedded one is a file, and looking into it would make it."""
        if not self.database_url.startswith("sqlite:///"):
            return True
        return Path(self.database_url.removeprefix("sqlite:///").partition("?")[0]).is_file()


@dataclass(frozen=True, slots=True)
class HostSettings:
    """Settings of a device host: it needs its store, its cache and its name, and nothing of the repository."""

    store_url: str
    cache: Path
    unit: str
    cache_limit_bytes: int
    name: str = field(default_factory=socket.gethostname)
    heartbeat_s: float = DEFAULT_HEARTBEAT_S

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> HostSettings:
        """Settings from the environment; raises :class:`~farm.errors.UsageError` where one is missing or wrong."""
        env = os.environ if environment is None else environment
        store = from_environment("FARM_STORE_URL", env)
        if not store:
            raise UsageError("FARM_STORE_URL is not set: a device host must know the artifact store")
        name = env.get("FARM_HOST") or socket.gethostname()
        unit = env.get("FARM_UNIT") or socket.gethostname()
        return cls(store, _cache(env), unit, _cache_limit(env), name, _heartbeat_s(env))

    def free_disk_bytes(self) -> int | None:
        """What is left where the cache is, or will be; ``None`` where that cannot be told."""
        place = next((each for each in (self.cache, *self.cache.parents) if each.exists()), None)
        return shutil.disk_usage(place).free if place else None


def from_environment(name: str, environment: Mapping[str, str] | None = None) -> str | None:
    """The value of ``name``, or what the file named by ``<name>_FILE`` holds; ``None`` without either.

    Raises:
        UsageError: the file cannot be read, or holds nothing: who names one means what it should hold.
    """
    env = os.environ if environment is None else environment
    if value := env.get(name):
        return value
    path = env.get(f"{name}_FILE")
    if not path:
        return None
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UsageError(f"{name}_FILE: {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{name}_FILE: {path} is not a UTF-8 text") from None
    if not value:
        raise UsageError(f"{name}_FILE: {path} is empty")
    return value


#: What is wrong with a URL that cannot be taken apart, most often.
QUOTE = "write scheme://user:password@host:port/name, and in a password %40 for @, %2F for / and %25 for %"

# To the last @: a password that should have been quoted may hold one, or a slash.
_CREDENTIALS = re.compile(r"://([^:/@]*):(.+)@")
_SIZE = re.compile(r"([0-9]{1,15}) ?([KMGT]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_QUERY = re.compile(r"([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*", re.IGNORECASE)


def redacted(url: str) -> str:
    """A URL as it may be printed: without its password."""
    return _QUERY.sub(r"\1***", _CREDENTIALS.sub(r"://\1:***@", url))


def size_in_bytes(text: str) -> int:
    """``20G``, ``500M`` or a number of bytes; raises ``ValueError`` for anything else."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a size; write bytes, or a number with K, M, G or T")
    return int(found[1]) << (10 * " KMGT".index(found[2].upper() or " "))


def _cache_limit(env: Mapping[str, str]) -> int:
    try:
        return size_in_bytes(env.get("FARM_CACHE_LIMIT") or DEFAULT_CACHE_LIMIT)
    except ValueError as error:
        raise UsageError(f"FARM_CACHE_LIMIT: {error}") from None


def _heartbeat_s(env: Mapping[str, str]) -> float:
    text = env.get("FARM_HEARTBEAT_S") or str(DEFAULT_HEARTBEAT_S)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 3600:
        raise UsageError(f"FARM_HEARTBEAT_S: {text!r} is no number of seconds from 0.1 to 3600")
    return seconds


def _data_folder(repository: Path) -> Path:
    local = repository / ".farm"
    if local.is_dir():
        return local
    import platformdirs

    # Two repositories of the same name must not share a table.
    place = hashlib.sha256(str(repository.resolve()).encode()).hexdigest()[:8]
    return Path(platformdirs.user_data_dir("farm")) / f"{repository.name}-{place}"


def _cache(env: Mapping[str, str]) -> Path:
    if folder := env.get("FARM_CACHE"):
        return Path(folder)
    return user_cache(env) / "bundles"


def user_cache(environment: Mapping[str, str] | None = None) -> Path:
    """The farm's folder of what can be made again, for this user."""
    env = os.environ if environment is None else environment
    return Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "farm"
