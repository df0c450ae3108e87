"""TLS to the broker: who is believed, what is refused in one line, and that a host and a coordinator work through it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from farm.broker.tls import CA, CERTIFICATE, KEY, check_tls, tls_options
from farm.errors import ExitCode, InfrastructureError, UsageError
from farm.wires import Addressed
from farm.wires.celery import CeleryWire
from tests.farm.hosts import Host, make_host
from tests.farm.real_hosts import HostProcess, report_of, running
from tests.farm.servers import Recorder
from tests.farm.tls import Authority, TlsFront
from tests.servers import RedisServer
from workers.outcome import Outcome

URL = "rediss://:sesame@localhost/0"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates") / "ours")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates") / "other")


def test_every_broker_must_be_shown_to_be_the_one_that_is_meant(ours: Authority) -> None:
    """Celery believes any broker that a ``rediss://`` leads to, if nobody tells it not to."""
    for environment in ({}, ours.trusted(), {**ours.trusted(), **ours.shown()}):
        options = tls_options(URL, environment)
        assert options is not None
        assert (options["ssl_cert_reqs"], options["ssl_check_hostname"]) == (ssl.CERT_REQUIRED, True)
        assert (options["ssl_ca_certs"], options["ssl_keyfile"]) == (environment.get(CA), environment.get(KEY))


@pytest.mark.parametrize("url", [None, "redis://localhost/0", "amqp://localhost"])
def test_a_broker_without_tls_has_none(url: str | None) -> None:
    assert tls_options(url, {}) is None


def test_what_is_set_wrongly_is_a_usage_error_in_one_line(ours: Authority, tmp_path: Path) -> None:
    (junk := tmp_path / "junk").write_text("no certificate")
    shown = ours.shown()
    wrong: list[tuple[str, Mapping[str, str], str]] = [
        (URL, {CA: str(tmp_path / "absent")}, f"{CA}: .*absent cannot be used: No such file"),
        (URL, {CA: str(junk)}, f"{CA}: .*junk cannot be used: not in PEM form"),
        (URL, {**shown, KEY: str(junk)}, f"{CERTIFICATE} .*: cannot be used: not in PEM form"),
        (URL, {CERTIFICATE: shown[CERTIFICATE]}, f"{CERTIFICATE} and {KEY} go together"),
        (URL, {KEY: shown[KEY]}, f"{CERTIFICATE} and {KEY} go together"),
        (URL + "?ssl_cert_reqs=none", {}, f"what TLS must be is said by {CA}"),
        ("redis://:sesame@localhost/0", ours.trusted(), f"{CA} is set, but redis://:.*@localhost/0 does without TLS"),
    ]
    for url, environment, reason in wrong:
        with pytest.raises(UsageError, match=reason) as caught:
            tls_options(url, environment)
        assert "\n" not in str(caught.value)
        assert "sesame" not in str(caught.value)


def test_a_broker_that_is_away_is_waited_for() -> None:
    check_tls("rediss://localhost:1/0")


@pytest.fixture
def url(own_redis: RedisServer, ours: Authority) -> Iterator[str]:
    with TlsFront(own_redis.port, ours.server_context()) as front:
        yield f"rediss://:sesame@localhost:{front.port}/0"


def settings(monkeypatch: pytest.MonkeyPatch, *environments: Mapping[str, str]) -> None:
    for environment in environments:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)


@pytest.mark.server
@pytest.mark.parametrize(
    "case", ["their CA", "the system's CAs", "another name", "no certificate", "their certificate"]
)
def test_what_is_not_trusted_is_said_in_one_line(
    url: str, ours: Authority, other: Authority, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    settings(monkeypatch, ours.trusted(), ours.shown())
    match case:
        case "their CA":
            settings(monkeypatch, other.trusted())
        case "the system's CAs":
            monkeypatch.delenv(CA)
        case "another name":
            url = url.replace("localhost", "127.0.0.1")
        case "no certificate":
            monkeypatch.delenv(CERTIFICATE)
            monkeypatch.delenv(KEY)
        case "their certificate":
            settings(monkeypatch, other.shown())
    reason = (
        "refuses this machine: .*" + CERTIFICATE if "certificate" in case else "the certificate of .* is not good: "
    )
    with pytest.raises(InfrastructureError, match=reason) as caught:
        CeleryWire(url)
    assert "\n" not in str(caught.value)
    assert "sesame" not in str(caught.value)


@pytest.mark.server
def test_a_url_that_says_otherwise_than_the_broker_speaks_is_said_in_one_line(url: str, own_redis: RedisServer) -> None:
    """It would be waited for in vain, as one that is away."""
    with Recorder() as web:
        wrong = {
            url.replace("rediss:", "redis:"): "speaks TLS at this port: write rediss://...",
            f"rediss://:sesame@localhost:{own_redis.port}/0": "does without TLS at this port: write redis://...",
            web.url.replace("http://", "redis://:sesame@"): "is no Redis: correct host and port",
            web.url.replace("http://", "rediss://:sesame@"): "is no Redis: correct host and port",
        }
        for each, reason in wrong.items():
            with pytest.raises(InfrastructureError, match=reason) as caught:
                CeleryWire(each)
            assert "\n" not in str(caught.value)
            assert "sesame" not in str(caught.value)


@pytest.mark.server
@pytest.mark.timeout(120)
def test_a_host_and_a_coordinator_work_through_tls(
    url: str, ours: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings(monkeypatch, ours.trusted(), ours.shown())
    host, url = make_host(tmp_path / "host"), url.replace(":sesame@", "")
    with CeleryWire(url) as wire, running(host, tmp_path, url) as process:
        wire.send_all([Addressed(host.asked(attempt="a1"))])
        assert report_of(wire, "a1").report.outcome is Outcome.PASS
        assert "insecure" not in process.said


@pytest.mark.server
@pytest.mark.timeout(120)
def test_a_host_that_does_not_trust_its_broker_ends_in_one_line(url: str, other: Authority, tmp_path: Path) -> None:
    host: Host = make_host(tmp_path / "host")
    process = HostProcess(host, tmp_path, url)
    started = time.monotonic()
    process.start(other.trusted())
    try:
        assert process.ended() == ExitCode.INFRASTRUCTURE
    finally:
        process.stop()
    assert time.monotonic() - started < 60
    assert "farm: the certificate of the broker at rediss://:***@localhost:" in process.said
    assert "Traceback" not in process.said
    assert "sesame" not in process.said
