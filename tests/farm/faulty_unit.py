"""``celery -A tests.farm.faulty_unit worker``: a host whose unit has the faults in ``UNIT_FAULTS`` (JSON), its siblings not.

A unit's own fault shows in no fingerprint: in the profile it would make another stack.
"""

from __future__ import annotations

import dataclasses
import json
import os

import msgspec

from farm.celery import app
from farm.host import attempt as host
from farm.host import check as host_check
from farm.protocol import AttemptMessage, CheckedMessage, CheckMessage, ReportMessage
from farm.settings import HostSettings

__all__ = ["app"]
FAULTS = json.loads(os.environ["UNIT_FAULTS"])
_perform, _perform_check = host.perform, host_check.perform_check


def perform(message: AttemptMessage, settings: HostSettings) -> ReportMessage:
    faulty = msgspec.structs.replace(message, profile={**message.profile, "faults": FAULTS})
    told = _perform(faulty, settings)
    report = dataclasses.replace(told.report, stack=_hidden(told.report.stack))
    return msgspec.structs.replace(told, report=report)


def perform_check(message: CheckMessage, settings: HostSettings) -> CheckedMessage:
    faulty = msgspec.structs.replace(message, profile={**message.profile, "faults": FAULTS})
    told = _perform_check(faulty, settings)
    return msgspec.structs.replace(told, stack=_hidden(told.stack))


def _hidden(stack: object) -> dict[str, str]:
    assert isinstance(stack, dict)
    return {name: value for name, value in stack.items() if name != "faults"}


host.perform, host_check.perform_check = perform, perform_check
