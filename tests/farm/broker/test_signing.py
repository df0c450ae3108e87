"""Signed messages: what holds, what is refused on either end, and that nothing refused is run or merged."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from kombu import Connection

from farm import celery as celery_module
from farm.broker.signing import CLOCK_MARGIN_S, LATE_S, SignatureError, device_key, seal, unseal
from farm.celery import TRANSPORT_OPTIONS, attempt, attempt_letter, make_app
from farm.cli import cli
from farm.protocol import RESULTS_QUEUE, RefusalMessage, decode, encode
from farm.wires import Addressed
from farm.wires.celery import CeleryWire
from tests.farm.hosts import Host, make_host
from tests.farm.real_hosts import refusal_of, report_of, running
from tests.farm.test_protocol import ATTEMPT, REPORT, STARTED
from tests.servers import redis_server
from workers.outcome import Outcome

MASTER = "the-master-secret-of-this-farm"
KEY = device_key(MASTER, "numpy")
NOW = 1_800_000_000


def key_of(device_type: str) -> str:
    return device_key(MASTER, device_type)


def sealed(expires: int = NOW + 10, key: str = KEY, device_type: str = "numpy", body: bytes = b"{}") -> str:
    return seal(body, key, device_type, expires).decode()


def test_what_was_signed_is_read_as_it_was() -> None:
    opened = unseal(sealed(body=encode(ATTEMPT)), key_of, NOW)
    assert (opened.body, opened.device_type, opened.expires) == (encode(ATTEMPT).decode(), "numpy", NOW + 10)


def test_every_device_type_has_a_key_of_its_own() -> None:
    assert len({MASTER, KEY, device_key(MASTER, "torch"), device_key("another", "numpy")}) == 4


REFUSED = {
    "unsigned": (encode(STARTED).decode(), "not signed, and a signing key is set"),
    "no JSON": ("nonsense", "not signed"),
    "another secret": (sealed(key=device_key("another", "numpy")), "not signed with the key of device type 'numpy'"),
    "another type": (sealed(key=device_key(MASTER, "torch")), "not signed with the key of device type 'numpy'"),
    "the master itself": (sealed(key=MASTER), "not signed with the key"),
    "expired": (sealed(NOW - 5), "expired 5 s ago"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_hold_is_refused_in_one_line(name: str) -> None:
    data, reason = REFUSED[name]
    with pytest.raises(SignatureError, match=reason) as caught:
        unseal(data, key_of, NOW)
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [{"body": "[]"}, {"expires": NOW + 11}, {"device_type": "torch"}, {"mac": "0" * 64}],
    ids=lambda c: next(iter(c)),
)
def test_no_field_can_be_changed(change: dict[str, Any]) -> None:
    forged = json.dumps(json.loads(sealed()) | change)
    with pytest.raises(SignatureError, match="not signed with"):
        unseal(forged, key_of, NOW)


@given(st.text(max_size=50), st.integers(0, 200))
def test_any_text_put_in_anywhere_is_refused(text: str, place: int) -> None:
    good = sealed()
    forged = good[:place] + text + good[place:]
    if forged == good:
        return
    try:
        opened = unseal(forged, key_of, NOW)
    except SignatureError:
        return
    assert opened == unseal(good, key_of, NOW)  # white space between fields says nothing


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = make_host(tmp_path)
    for name, value in {
        "STORE_URL": made.settings.store_url,
        "CACHE": str(made.settings.cache),
        "UNIT": "unit-1",
    }.items():
        monkeypatch.setenv(f"FARM_{name}", value)
    monkeypatch.setenv("FARM_DEVICE_KEY", KEY)
    monkeypatch.setattr("farm.host.presence.Presence.device_type", "numpy")
    return made


@pytest.mark.parametrize("what", ["unsigned", "forged", "expired", "of another type"])
def test_a_host_runs_nothing_that_does_not_hold(host: Host, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    told: list[bytes] = []
    monkeypatch.setattr(celery_module, "_publish", told.append)
    body, soon = encode(host.message), int(time.time()) + 60
    payload = {
        "unsigned": body,
        "forged": seal(body, device_key(MASTER, "torch"), "numpy", soon),
        "expired": seal(body, KEY, "numpy", soon - 120),
        "of another type": seal(body, KEY, "torch", soon),
    }[what]
    with pytest.raises(ValueError, match="refused a message: "):
        attempt.run(payload.decode())
    # But says so, where it is not another type's matter; signed, so that nobody else can.
    said = [decode(unseal(body.decode(), key_of, time.time()).body) for body in told]
    assert all(isinstance(each, RefusalMessage) and each.attempt == host.message.attempt for each in said)
    assert len(said) == (what != "of another type")


def test_a_report_expires_after_its_attempt_and_is_signed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bytes] = []
    monkeypatch.setattr(celery_module, "_publish", told.append)
    expires = int(time.time()) + 60
    attempt.run(seal(encode(host.message), KEY, "numpy", expires).decode())
    for each in told:
        assert unseal(each.decode(), key_of, time.time()).expires == expires + LATE_S
    assert len(told) == 2


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.mark.server
def test_the_coordinator_merges_nothing_that_does_not_hold_and_counts_it(broker: str) -> None:
    soon = int(time.time()) + 60
    bodies = [
        encode(REPORT),
        seal(encode(REPORT), device_key("another", "numpy"), "numpy", soon),
        seal(encode(REPORT), KEY, "numpy", soon - 120),
        seal(encode(STARTED), KEY, "numpy", soon),
    ]
    with Connection(broker, transport_options=TRANSPORT_OPTIONS) as connection, connection.Producer() as producer:
        for body in bodies:
            producer.publish(body.decode(), exchange="", routing_key=RESULTS_QUEUE, serializer="json")
    with CeleryWire(broker, MASTER) as wire:
        deadline, delivery = time.monotonic() + 20, None
        while delivery is None and time.monotonic() < deadline:
            delivery = wire.receive(0.2)
        assert delivery is not None
        assert (delivery.message, delivery.signer) == (STARTED, "numpy")
        delivery.acknowledge()
        assert wire.refused.total == 3


@pytest.mark.server
@pytest.mark.timeout(120)
def test_a_signed_attempt_goes_there_and_back_and_no_secret_is_said(broker: str, host: Host, tmp_path: Path) -> None:
    with CeleryWire(broker, MASTER) as wire, running(host, tmp_path, broker) as process:
        wire.send_all([Addressed(host.asked(attempt="good"))])
        assert report_of(wire, "good").report.outcome is Outcome.PASS
        with CeleryWire(broker) as unsigned:
            unsigned.send_all([Addressed(host.asked(attempt="bad"))])
        refusal = refusal_of(wire)
        assert (refusal.attempt, refusal.token) == ("bad", host.message.token)
        assert refusal.reason == "unit-1 refuses the attempt: it is not signed, and a signing key is set here"
        wire.send_all([Addressed(host.asked(attempt="next"))])
        assert report_of(wire, "next").report.outcome is Outcome.PASS
        assert "refused a message: it is not signed" in process.said
        assert KEY not in process.said


@pytest.mark.parametrize("lease_s", [620.0, 7200.0])
def test_the_signature_of_an_attempt_is_good_for_as_long_as_its_lease(host: Host, lease_s: float) -> None:
    with make_app(None) as app:
        _, raw = attempt_letter(app, host.message, lease_s, MASTER)
    [sealed], *_ = json.loads(base64.b64decode(json.loads(raw)["body"]))
    last = time.time() + lease_s + CLOCK_MARGIN_S
    assert unseal(sealed, lambda _: KEY, last - 5).device_type == "numpy"
    with pytest.raises(SignatureError, match="expired"):
        unseal(sealed, lambda _: KEY, last + 5)


def test_the_key_of_a_host_is_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "master").write_text(MASTER)
    monkeypatch.setenv("FARM_SIGNING_KEY_FILE", str(tmp_path / "master"))
    done = CliRunner().invoke(cli, ["broker", "key", "--device", "numpy"])
    assert (done.exit_code, done.output) == (0, KEY + "\n")
