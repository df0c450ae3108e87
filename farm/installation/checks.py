"""The checks of an installation: functions from what it is to findings, each with what to do.

What only hosts elsewhere need is no problem of this machine, as long as there is a broker that they take their work from.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from farm.clock import utc_now
from farm.errors import FarmError
from farm.extras import bring
from farm.installation.state import Installation
from farm.planning.doctor import Finding, Level
from farm.settings import from_environment, redacted

#: As pyproject.toml has it.
LEAST_PYTHON = (3, 11)
#: What each extra brings that the farm imports, and what it is for.
EXTRAS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "coordinator": (
        ("alembic", "lark", "platformdirs", "prometheus_client", "psycopg", "pydantic", "rich", "sqlalchemy", "yaml"),
        "every command but those of a device host",
    ),
    "convert": (("torch",), "converting"),
}
#: What a driver imports, and the extra that brings it.
DRIVER_LIBRARIES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "torch": (("torch",), "convert"),
    "onnxruntime": (("onnx", "onnxruntime"), "onnx"),
    "openvino": (("onnx", "openvino"), "openvino"),
}

Check = Callable[[Installation], Iterator[Finding]]


def check_installation(installation: Installation) -> dict[str, tuple[Finding, ...]]:
    """Findings of each check, by its name."""
    return {name: tuple(check(installation)) for name, check in CHECKS.items()}


def python(_: Installation) -> Iterator[Finding]:
    """The Python that runs the farm."""
    if sys.version_info[:2] < LEAST_PYTHON:
        least, present = (".".join(map(str, version)) for version in (LEAST_PYTHON, sys.version_info[:3]))
        yield Finding(Level.PROBLEM, sys.executable, f"is Python {present}; make a .venv with {least} or newer")


def libraries(installation: Installation) -> Iterator[Finding]:
    """Libraries of the extras."""
    for extra, (names, purpose) in EXTRAS.items():
        if lacking := [name for name in names if not find_spec(name)]:
            elsewhere = extra == "convert" and not installation.embedded
            yield Finding(
                Level.NOTE if elsewhere else Level.PROBLEM,
                ", ".join(lacking),
                f"not installed, for {purpose}: {bring(extra)}"
                + (", or run a converter elsewhere" if elsewhere else ""),
            )


def repository(installation: Installation) -> Iterator[Finding]:
    """The git repository that the command stands in, its settings and its inventory."""
    for what, why in installation.hindrances:
        yield Finding(Level.PROBLEM, what, why)


def database(installation: Installation) -> Iterator[Finding]:
    """The database: reachable, of this farm's schema, and its clock that of this machine."""
    from farm.database.clocks import apart
    from farm.database.engine import SCHEMA_VERSION, Database

    settings = installation.settings
    if settings is None:
        return
    where = redacted(settings.database_url)
    if not settings.recorded:
        yield Finding(Level.NOTE, where, "is not there yet: the first submission makes it")
        return
    try:
        opened = Database(settings.database_url)
        try:
            version = opened.version()
            embedded = opened.engine.dialect.name == "sqlite"
            clocks = apart(opened)
        finally:
            opened.close()
    except (FarmError, OSError) as error:
        yield Finding(Level.PROBLEM, where, f"{_one_line(error)}; start it, or correct FARM_DATABASE_URL")
        return
    if clocks:
        yield Finding(Level.PROBLEM, where, clocks)
    if version == SCHEMA_VERSION:
        return
    if version is not None and version > SCHEMA_VERSION:
        what = f"has schema {version}, this farm knows {SCHEMA_VERSION}: update this installation"
        yield Finding(Level.PROBLEM, where, what)
    elif embedded:
        what = f"has schema {version or 'none'}: the next command that reads it migrates it to {SCHEMA_VERSION}"
        yield Finding(Level.NOTE, where, what)
    else:
        what = f"has schema {version or 'none'}, this farm wants {SCHEMA_VERSION}: run `farm db upgrade`"
        yield Finding(Level.PROBLEM, where, what)


def broker(installation: Installation) -> Iterator[Finding]:
    """The broker: reachable, and watched by a coordinator."""
    settings = installation.settings
    if settings is None:
        return
    if settings.broker_url is None:
        yield Finding(Level.NOTE, "FARM_BROKER_URL", "is not set: `farm submit` runs everything on this machine itself")
        return
    where = redacted(settings.broker_url)
    if why := _unusable(settings.broker_url):
        yield Finding(Level.PROBLEM, where, why)
        return
    if _coordinated(installation) is False:
        yield Finding(Level.NOTE, where, "no coordinator was heard of lately: start `farm coordinator`")


def store(installation: Installation) -> Iterator[Finding]:
    """The artifact store: there, and written to where that can be tried without leaving anything."""
    from workers.artifacts import ArtifactError, FolderStore, open_store
    from workers.artifacts.remote import RemoteStore
    from workers.artifacts.store import MARK_SHA256

    if installation.settings is None:
        return
    try:
        opened = open_store(installation.settings.store_url)
    except ValueError as error:
        yield Finding(Level.PROBLEM, "FARM_STORE_URL", _one_line(error))
        return
    if isinstance(opened, FolderStore):
        yield from _folder(opened.root, own=from_environment("FARM_STORE_URL") is None)
        return
    try:
        used = opened.has(MARK_SHA256)
    except (ArtifactError, OSError) as error:
        what = f"{_one_line(error)}; correct FARM_STORE_URL, or the AWS_* variables"
        yield Finding(Level.PROBLEM, str(opened), what)
        return
    if not used:
        what = "no converter has used it yet, or it is none of a farm: units take no attempts until one has"
        yield Finding(Level.NOTE, str(opened), what)
    elif isinstance(opened, RemoteStore) and opened.read_only:
        yield Finding(Level.NOTE, str(opened), "is only read from: a converter needs a folder or s3://")


def _folder(root: Path, *, own: bool) -> Iterator[Finding]:
    """A store that is a folder; the default one is made when it is first needed."""
    if not root.exists():
        level = Level.NOTE if own else Level.PROBLEM
        what = (
            "is not there yet: the first conversion makes it" if own else "is not there: mount it, or make the folder"
        )
        yield Finding(level, str(root), what)
        return
    try:
        with tempfile.TemporaryFile(dir=root):
            return
    except OSError as error:
        what = f"cannot be written to ({error.strerror}): give this user the right to, or correct FARM_STORE_URL"
        yield Finding(Level.PROBLEM, str(root), what)


def drivers(installation: Installation) -> Iterator[Finding]:
    """Libraries of the drivers that the inventory names."""
    if installation.inventory is None:
        return
    for name, device in installation.inventory.devices.items():
        names, extra = DRIVER_LIBRARIES.get(device.driver, ((), ""))
        if lacking := [library for library in names if not find_spec(library)]:
            level = Level.PROBLEM if installation.embedded else Level.NOTE
            where = "" if installation.embedded else ", where its host runs"
            what = f"its driver {device.driver} needs {', '.join(lacking)}: {bring(extra)}{where}"
            yield Finding(level, f"device {name}", what)


def _unusable(url: str) -> str:
    """Why the broker cannot be used, and what to do; empty where it can."""
    from farm.broker.access import check_coordinator_access
    from farm.broker.tls import check_tls, tls_options
    from farm.broker.url import check_broker_url
    from farm.celery import make_app

    try:
        options = tls_options(url)
        check_broker_url(url, options)
        check_tls(url)
        check_coordinator_access(url)
        with make_app(url, options).connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=5)
    except FarmError as error:
        return _one_line(error)
    except Exception as error:  # of the transport, which are many
        return f"cannot be reached: {_one_line(error) or type(error).__name__}; start it, or correct FARM_BROKER_URL"
    return ""


def _coordinated(installation: Installation) -> bool | None:
    """Whether a coordinator runs; ``None`` where nobody can tell."""
    from farm.coordinator.roster import coordination
    from farm.database.engine import SCHEMA_VERSION, Database

    settings = installation.settings
    if settings is None or not settings.recorded:
        return None
    try:
        opened = Database(settings.database_url)
        try:
            if opened.version() != SCHEMA_VERSION:
                return None
            with opened.read() as session:
                return coordination(session, utc_now()).running
        finally:
            opened.close()
    except FarmError:
        return None


def _one_line(error: BaseException) -> str:
    return redacted(" ".join(str(error).split()))


CHECKS: Mapping[str, Check] = {
    "python": python,
    "libraries": libraries,
    "repository": repository,
    "database": database,
    "broker": broker,
    "store": store,
    "drivers": drivers,
}
