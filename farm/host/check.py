"""What a device host does to see whether its unit is sound: what it works with first, then the device itself."""

from __future__ import annotations

import logging
import tempfile

from farm.protocol import CheckedMessage, CheckMessage
from farm.settings import HostSettings
from workers.artifacts import ArtifactCorrupt, ArtifactError, ArtifactMissing, open_store
from workers.artifacts.store import MARK, MARK_SHA256
from workers.codec import one_line
from workers.processes.checkup import check_unit

log = logging.getLogger("farm.host.check")
#: Less than that, and no bundle fits on the disk any more.
LEAST_FREE_BYTES = 64 << 20


def perform_check(message: CheckMessage, host: HostSettings) -> CheckedMessage:
    """Check this host's unit; every way in which that can end is an answer that can be sent, and stands in the host's log."""
    answer = _answer(message, host)
    if answer.failure:
        log.warning("the check of this unit %s: %s", "is unclear" if answer.outside else "failed", answer.failure)
    else:
        log.info("the check of this unit passed")
    return answer


def _answer(message: CheckMessage, host: HostSettings) -> CheckedMessage:
    outside = _hindrance(host)
    if outside:
        return _checked(message, host, outside, outside=True)
    checkup = check_unit(message.driver, message.profile)
    stack = {name[:128]: value[:512] for name, value in checkup.stack.items()}
    return _checked(message, host, checkup.failure, outside=checkup.outside, stack=stack)


def _hindrance(host: HostSettings) -> str:
    """What keeps this host from working though its unit may be sound; ``""`` where nothing does."""
    try:
        host.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=host.cache) as file:
            file.truncate(1)
            file.write(b"\0" * 4096)
            file.flush()
        if (free := host.free_disk_bytes()) is not None and free < LEAST_FREE_BYTES:
            return f"the disk of the cache is full: {free >> 20} MiB are left at {host.cache}"
    except OSError as error:
        return f"the cache cannot be used: {error}"
    return _hindrance_of_store(host.store_url)


def _hindrance_of_store(url: str) -> str:
    """Whatever answers, it is the store only if it has what every store has."""
    try:
        store = open_store(url)
    except ValueError as error:
        return f"FARM_STORE_URL of this host: {error}"
    try:
        store.get(MARK_SHA256, limit=len(MARK))
    except (ArtifactMissing, ArtifactCorrupt):
        return (
            f"what is at {store} is no artifact store, or none that a converter of this version has used: is FARM_STORE_URL of "
            "this host the place that the converter writes to?"
        )
    except (ArtifactError, OSError) as error:
        return str(error)
    return ""


def _checked(
    message: CheckMessage, host: HostSettings, failure: str, *, outside: bool, stack: dict[str, str] | None = None
) -> CheckedMessage:
    return CheckedMessage(
        check=message.check,
        token=message.token,
        device_type=message.device_type,
        unit=host.unit,
        failure=one_line(failure),
        outside=outside,
        stack=stack or {},
    )
