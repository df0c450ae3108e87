"""Signed messages on the Celery wire: clocks that differ, keys that do not fit, and whom to look for."""

from __future__ import annotations

import re
import time

import pytest

from farm.broker.signing import CLOCK_MARGIN_S, device_key, seal
from farm.protocol import encode
from farm.wires.celery import CeleryWire
from tests.farm.messages import next_of, publish
from tests.farm.test_protocol import HEARTBEAT, STARTED

MASTER = "a master secret"
HOUR = 3600


def beats(broker: str, late_s: float, key: str = device_key(MASTER, "numpy")) -> CeleryWire:
    """A coordinator that has looked at a heartbeat of a host whose clock is so many seconds behind, and what it took."""
    expires = int(time.time() - late_s) + CLOCK_MARGIN_S
    publish(broker, seal(encode(HEARTBEAT), key, "numpy", expires).decode())
    return CeleryWire(broker, MASTER)


@pytest.mark.server
@pytest.mark.parametrize("late_s", [0.9 * HOUR, 0, -0.9 * HOUR])
def test_the_clock_of_a_host_may_be_almost_an_hour_off(broker: str, late_s: float) -> None:
    with beats(broker, late_s) as wire:
        delivery = next_of(wire)
        assert delivery is not None
        assert delivery.message == HEARTBEAT
        delivery.acknowledge()


@pytest.mark.server
@pytest.mark.parametrize(
    ("late_s", "reason"),
    [
        (48 * HOUR, r"a heartbeat that names unit unit-1: it expired 1692\d\d s ago, by the clock of this machine: it lay"),
        (-48 * HOUR, r"a heartbeat of unit unit-1 of numpy: the clock of its host host-1 is 172\d\d\d s ahead of the one of"),
    ],
)  # fmt: skip
def test_one_that_is_further_off_is_not_there_and_is_named(
    broker: str, caplog: pytest.LogCaptureFixture, late_s: float, reason: str
) -> None:
    """Ahead, it would refuse each attempt that it is sent, one after the other."""
    with beats(broker, late_s) as wire:
        assert wire.receive(0.5) is None
        assert wire.refused.total == 1
    assert re.search(reason, caplog.text)


@pytest.mark.server
def test_of_what_is_signed_with_another_key_it_is_said_whose_it_may_be(
    broker: str, caplog: pytest.LogCaptureFixture
) -> None:
    with beats(broker, 0, "another key") as wire:
        assert wire.receive(0.5) is None
    publish(broker, encode(STARTED).decode())
    with CeleryWire(broker, MASTER) as wire:
        assert wire.receive(0.5) is None
    assert (
        "a heartbeat that names unit unit-1: it is not signed with the key of device type 'numpy', which "
        "`farm broker key --device numpy` prints" in caplog.text
    )
    assert "a started that names unit host-1: it is not signed, and a signing key is set here" in caplog.text
