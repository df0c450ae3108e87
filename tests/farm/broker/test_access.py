"""The account of a device host on a real Redis: enough to work, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import CliRunner
from redis.exceptions import NoPermissionError

from farm.broker.access import (
    COMMANDS,
    KEY_PREFIX,
    account_of,
    acl_line,
    check_access,
    check_coordinator_access,
    coordinator_line,
)
from farm.cli import cli
from farm.errors import BrokerError, ExitCode, InfrastructureError, UsageError
from farm.protocol import ControlMessage
from farm.settings import redacted
from farm.wires import Addressed
from farm.wires.celery import CeleryWire
from tests.farm.hosts import Host
from tests.farm.real_hosts import HostProcess, heartbeat, report_of, running, wait
from tests.servers import RedisServer
from workers.outcome import Outcome

pytestmark = pytest.mark.server
PASSWORD = "a-password-of-this-very-host"
OTHER = f"{KEY_PREFIX}device_other"


def granted(admin: Any, line: str) -> None:
    _, name, *rules = line.split(" ")
    admin.execute_command("ACL", "SETUSER", name, "reset", *rules)


def url_of(server: RedisServer) -> str:
    return f"redis://{account_of('numpy')}:{PASSWORD}@127.0.0.1:{server.port}/0"


@pytest.fixture
def own(own_redis: RedisServer, admin: Any) -> Iterator[Any]:
    """A connection on the host's account."""
    granted(admin, acl_line("numpy", PASSWORD))
    with redis.Redis.from_url(url_of(own_redis)) as made:
        yield made


@pytest.mark.timeout(120)
def test_a_host_works_on_its_own_account(own_redis: RedisServer, own: Any, kept_host: Host, tmp_path: Path) -> None:
    with CeleryWire(own_redis.url) as wire, running(kept_host, tmp_path, url_of(own_redis)) as process:
        wire.tell(ControlMessage("numpy", kept_host.settings.unit, True, "", at_once=3))
        wait(lambda: heartbeat(wire, 20).at_once == 3, 30)
        for attempt, unit in (("a1", None), ("a2", kept_host.settings.unit)):
            wire.send_all([Addressed(kept_host.asked(attempt=attempt), unit)])
            assert report_of(wire, attempt).report.outcome is Outcome.PASS
        assert PASSWORD not in process.said
    assert "NoPermission" not in process.said


@pytest.mark.parametrize(
    "denied",
    [
        ("KEYS", "*"),
        ("SCAN", "0"),
        ("CONFIG", "GET", "*"),
        ("FLUSHALL",),
        ("ACL", "LIST"),
        ("MONITOR",),
        ("SUBSCRIBE", "x"),
        ("DEL", OTHER),
        ("BRPOP", OTHER, "1"),
        ("LPUSH", OTHER, "x"),
        ("LLEN", OTHER),
        ("HGET", f"{KEY_PREFIX}unacked", "x"),
        ("HGET", f"{KEY_PREFIX}unacked/device_other/unit", "x"),
        ("ZREM", f"{KEY_PREFIX}unacked_index/device_other/unit", "x"),
        ("HGET", f"{KEY_PREFIX}unacked/device_numpy2/unit", "x"),
        ("SMEMBERS", f"{KEY_PREFIX}_kombu.binding.device_other"),
        ("BRPOP", "device_numpy", "1"),
        ("LPUSH", f"{KEY_PREFIX}control/device_other/unit", "x"),
        ("GET", "anything"),
        ("EVAL", "return redis.call('LPOP', KEYS[1])", "1", OTHER),
        ("EVAL", f"return redis.call('LLEN', '{OTHER}')", "0"),
    ],
    ids=" ".join,
)
def test_nothing_else_is_allowed(own: Any, denied: tuple[str, ...]) -> None:
    with pytest.raises((NoPermissionError, redis.ResponseError), match=r"(?i)perm|access|can't run this command"):
        own.execute_command(*denied)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("lacking", "reason"),
    [
        (f"~{KEY_PREFIX}results", f"may not LLEN {KEY_PREFIX}results"),
        (f"~{KEY_PREFIX}unacked/device_numpy/*", f"may not HGET {KEY_PREFIX}unacked/device_numpy/unit-1"),
        (f"~{KEY_PREFIX}control/device_numpy/*", f"may not LLEN {KEY_PREFIX}control/device_numpy/unit-1"),
        ("+zrem", f"may not ZREM {KEY_PREFIX}unacked_index/device_numpy/unit-1"),
    ],
)
def test_a_host_with_too_little_ends_and_names_what_it_lacks(
    own_redis: RedisServer, admin: Any, kept_host: Host, tmp_path: Path, lacking: str, reason: str
) -> None:
    line = acl_line("numpy", PASSWORD)
    assert f" {lacking}" in line
    granted(admin, " ".join(word for word in line.split(" ") if word != lacking))
    process = HostProcess(kept_host, tmp_path, url_of(own_redis))
    process.start()
    try:
        assert process.ended() == ExitCode.INFRASTRUCTURE
    finally:
        process.stop()
    assert f"farm: the broker account {reason}: `farm broker acl --device numpy`" in process.said
    assert PASSWORD not in process.said


def test_a_wrong_password_is_said_without_it(own_redis: RedisServer, own: Any) -> None:
    wrong = url_of(own_redis).replace(PASSWORD, "sesame")
    with (
        redis.Redis.from_url(wrong) as client,
        pytest.raises(InfrastructureError, match="refuses the account") as caught,
    ):
        check_access(client, "numpy", "unit-1")
    assert "sesame" not in str(caught.value)


def test_a_broker_that_is_away_is_waited_for() -> None:
    with redis.Redis(port=1, socket_connect_timeout=1) as client:
        check_access(client, "numpy", "unit-1")
    check_coordinator_access("redis://:sesame@127.0.0.1:1/0")
    check_coordinator_access("memory://")


def test_another_types_account_is_said_to_be_that(own_redis: RedisServer, own: Any) -> None:
    with pytest.raises(
        InfrastructureError, match="-Q device_nunpy is not for the account in FARM_BROKER_URL, farm-device_numpy"
    ):
        check_access(own, "nunpy", "unit-1")


@pytest.fixture
def guarded(own_redis: RedisServer, admin: Any) -> Iterator[str]:
    """The broker's address where the coordinator has a password."""
    granted(admin, coordinator_line(PASSWORD))
    granted(admin, acl_line("numpy", PASSWORD))
    yield f"127.0.0.1:{own_redis.port}/0"
    with redis.Redis.from_url(f"redis://:{PASSWORD}@127.0.0.1:{own_redis.port}/0") as with_it:
        with_it.execute_command("ACL", "SETUSER", "default", "nopass")


def test_a_coordinators_account_is_good_for_all_queues(guarded: str) -> None:
    check_coordinator_access(f"redis://:{PASSWORD}@{guarded}")


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ("", "refuses the account in FARM_BROKER_URL: a coordinator's has no name"),
        (":sesame@", "refuses the account in FARM_BROKER_URL: a coordinator's has no name"),
        (f"farm-device_numpy:{PASSWORD}@", "does not let the account in FARM_BROKER_URL use all queues"),
    ],
    ids=["none", "wrong", "a host's"],
)
def test_an_account_that_is_no_coordinators_is_said_in_words_of_this_farm(
    guarded: str, account: str, reason: str
) -> None:
    url = f"redis://{account}{guarded}"
    with pytest.raises(InfrastructureError) as caught:
        check_coordinator_access(url)
    with CeleryWire(url) as wire, pytest.raises(BrokerError) as later:  # where it was changed under a coordinator
        wire.receive(1)
    assert not wire.connected
    for said in (str(caught.value), str(later.value)):
        assert said.startswith(f"the broker at {redacted(url)} {reason}")
        assert "HELLO" not in said
        assert "sesame" not in said


def test_the_command_prints_the_line_and_no_password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    done = CliRunner().invoke(
        cli, ["broker", "acl", "--device", "numpy", "--password-file", str(tmp_path / "password")]
    )
    assert done.exit_code == 0
    assert done.output == acl_line("numpy", PASSWORD) + "\n"
    assert PASSWORD not in done.output
    assert all(f" +{each}" in done.output for each in COMMANDS)


def test_the_coordinators_line_is_printed_without_the_password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    done = CliRunner().invoke(cli, ["broker", "acl", "--coordinator", "--password-file", str(tmp_path / "password")])
    assert done.exit_code == 0
    assert done.output == coordinator_line(PASSWORD) + "\n"
    assert PASSWORD not in done.output


@pytest.mark.parametrize("arguments", [(), ("--coordinator", "--device", "numpy")], ids=["neither", "both"])
def test_a_line_is_for_hosts_or_for_coordinators(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    done = CliRunner().invoke(cli, ["broker", "acl", *arguments, "--password-file", str(tmp_path / "password")])
    assert isinstance(done.exception, UsageError)
    assert "say --device TYPE or --coordinator" in str(done.exception)


def test_no_command_is_named_that_a_supported_redis_does_not_know() -> None:
    """Redis 7.0, that of Debian 12, ends at its start where its accounts have a subcommand of a later version."""
    assert not {each for each in COMMANDS if "|" in each} - {"script|load"}
