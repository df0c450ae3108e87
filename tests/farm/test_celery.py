"""What a device host's task does with a message, and that a host which could not work does not start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from farm import celery as celery_module
from farm.celery import ALIVE_FILE, ATTEMPTS_PER_PROCESS, HARD_LIMIT_S, TRANSPORT_OPTIONS, attempt, check, make_app
from farm.errors import ExitCode
from farm.host import check as host_check
from farm.host.gate import Gate, Standing
from farm.protocol import (
    CheckedMessage,
    CheckMessage,
    Message,
    RefusalMessage,
    ReportMessage,
    StartedMessage,
    decode,
    encode,
)
from tests.farm.hosts import Host, make_host
from tests.farm.test_protocol import REPORT, STARTED
from workers.outcome import Outcome
from workers.processes.checkup import Checkup
from workers.processes.supervise import ATTEMPTS


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = make_host(tmp_path)
    monkeypatch.setenv("FARM_STORE_URL", made.settings.store_url)
    monkeypatch.setenv("FARM_CACHE", str(made.settings.cache))
    monkeypatch.setenv("FARM_UNIT", made.settings.unit)
    return made


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    messages: list[Message] = []
    monkeypatch.setattr(celery_module, "_publish", lambda body: messages.append(decode(body)))
    return messages


def test_an_attempt_starts_and_reports(host: Host, published: list[Message]) -> None:
    attempt.run(encode(host.message).decode())
    started, told = published
    assert started == StartedMessage("a1", "t1", "unit-1")
    assert isinstance(told, ReportMessage)
    assert told.report.outcome is Outcome.PASS


def test_an_attempt_of_another_version_is_refused_to_the_coordinator_too(host: Host, published: list[Message]) -> None:
    newer = encode(host.message).decode().replace("attempt/3", "attempt/4")
    with pytest.raises(ValueError, match="refused a message: it is attempt/4, and attempt/3 is spoken here"):
        attempt.run(newer)
    reason = "unit-1 refuses the attempt: host speaks attempt/3, coordinator attempt/4"
    assert published == [RefusalMessage("a1", "t1", "unit-1", reason)]


@pytest.mark.parametrize(
    "payload",
    ["", "not json", "{}", '{"schema": "attempt/9"}', encode(STARTED).decode(), encode(REPORT).decode()],
    ids=["nothing", "text", "an object", "another version", "started", "report"],
)
def test_what_is_no_attempt_is_refused_in_one_line(host: Host, published: list[Message], payload: str) -> None:
    with pytest.raises(ValueError, match="refused a message: ") as caught:
        attempt.run(payload)
    assert "\n" not in str(caught.value)
    assert published == []


def test_a_host_that_lives_touches_a_file(host: Host) -> None:
    celery_module._show_life()
    assert (host.settings.cache / ALIVE_FILE).is_file()


@pytest.mark.parametrize("name", ["FARM_STORE_URL", "FARM_BROKER_URL"])
def test_a_host_that_could_not_work_does_not_start(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv("FARM_BROKER_URL", "redis://127.0.0.1:1/0")
    worker = SimpleNamespace(options={})
    celery_module._check_host(worker)
    monkeypatch.delenv(name)
    with pytest.raises(SystemExit) as stop:
        celery_module._check_host(worker)
    assert stop.value.code == ExitCode.USAGE
    assert f"farm: {name} is not set" in capsys.readouterr().err


def test_what_a_killed_host_left_is_gone_when_the_next_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = tmp_path / f"{ATTEMPTS.prefix}x"
    left.mkdir()
    os.utime(left, (1000, 1000))
    celery_module._tidy_up()
    assert not left.exists()


def test_a_message_is_taken_once_and_given_back_only_when_nobody_could_still_be_at_it() -> None:
    conf = make_app("redis://broker/0").conf
    assert (conf.worker_pool, conf.worker_concurrency, conf.worker_prefetch_multiplier) == ("prefork", 1, 1)
    assert conf.task_acks_late
    assert conf.task_acks_on_failure_or_timeout
    assert not conf.task_reject_on_worker_lost
    assert not conf.worker_cancel_long_running_tasks_on_connection_loss
    assert conf.task_time_limit == HARD_LIMIT_S < TRANSPORT_OPTIONS["visibility_timeout"]
    assert conf.worker_max_tasks_per_child == ATTEMPTS_PER_PROCESS


def test_the_wire_is_json_alone_and_keeps_no_result() -> None:
    conf = make_app("redis://broker/0").conf
    assert (conf.task_serializer, conf.accept_content) == ("json", ["json"])
    assert conf.result_backend is None
    assert conf.task_ignore_result
    assert not conf.worker_enable_remote_control
    assert not conf.worker_send_task_events


def test_a_silent_connection_is_noticed() -> None:
    """Celery's defaults wait for ever."""
    for app in (make_app("redis://broker/0"), celery_module.app):
        options = app.conf.broker_transport_options
        assert (options["socket_timeout"], options["socket_connect_timeout"], options["health_check_interval"]) == (
            5,
            5,
            2,
        )
        assert options["socket_keepalive"]
        assert options["retry_on_timeout"]
        assert (options["unacked_restore_interval"], options["unacked_restore_throttle"]) == (5, 1)


def test_a_unit_has_keys_of_its_own_for_what_it_holds(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_BROKER_URL", "redis://127.0.0.1:1/0")
    conf = make_app("redis://127.0.0.1:1/0").conf
    celery_module._become_host({"queues": ["device_numpy"]}, conf)
    options = conf.broker_transport_options
    assert {options[f"{kind}_key"] for kind in ("unacked", "unacked_index", "unacked_mutex")} == {
        "unacked/device_numpy/unit-1",
        "unacked_index/device_numpy/unit-1",
        "unacked_mutex/device_numpy/unit-1",
    }
    assert options.items() >= TRANSPORT_OPTIONS.items()


def test_a_host_of_another_shape_ends_before_it_connects(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        celery_module._become_host({"queues": ["device_numpy"], "concurrency": 4}, make_app(None).conf)
    assert stop.value.code == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("farm: -c 4: ")


CHECK = CheckMessage("c1", "t1", "numpy", "unit-1", "numpy", {})


@pytest.mark.parametrize("app", ["farm", "farm.service"])
def test_a_file_that_holds_no_broker_is_said_in_one_line(host: Host, tmp_path: Path, app: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "FARM_BROKER_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", app, "worker", "-Q", "device_numpy"],
        env={**environment, "FARM_BROKER_URL_FILE": str(tmp_path / "away"), "FARM_STORE_URL": host.settings.store_url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == ExitCode.USAGE
    assert done.stderr == f"farm: FARM_BROKER_URL_FILE: {tmp_path}/away cannot be read: No such file or directory\n"


def test_a_check_is_answered(host: Host, published: list[Message], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_check, "check_unit", lambda driver, profile: Checkup(""))
    check.run(encode(CHECK).decode())
    (told,) = published
    assert told == CheckedMessage("c1", "t1", "numpy", "unit-1", "", False, {})


@pytest.mark.parametrize(
    "payload", [encode(msgspec.structs.replace(CHECK, unit="other")).decode(), encode(STARTED).decode()]
)
def test_another_units_check_is_refused(host: Host, published: list[Message], payload: str) -> None:
    with pytest.raises(ValueError, match="refused a message: "):
        check.run(payload)
    assert published == []


@pytest.mark.parametrize("attended", [True, False])
def test_after_an_error_of_the_infrastructure_a_unit_takes_no_more_until_it_was_checked(
    host: Host, published: list[Message], attended: bool
) -> None:
    """Where nobody attends to units, nobody would check it either: there it goes on."""
    gate = Gate(host.settings.cache, "numpy", "unit-1")
    gate.write(Standing(attended=attended))
    attempt.run(encode(host.message).decode())
    assert gate.read().accept
    attempt.run(encode(host.asked(attempt="a2", manifest="d" * 64)).decode())
    assert isinstance(published[-1], ReportMessage)
    assert gate.read().accept is not attended
    if attended:
        assert gate.read().reason.startswith("INFRA_ERROR: the bundle could not be fetched")


def test_the_gate_closes_though_the_report_is_not_sent(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(body: bytes) -> None:
        if isinstance(decode(body), ReportMessage):
            raise ConnectionError

    monkeypatch.setattr(celery_module, "_publish", away)
    gate = Gate(host.settings.cache, "numpy", "unit-1")
    gate.write(Standing(attended=True))
    with pytest.raises(ConnectionError):
        attempt.run(encode(host.asked(manifest="d" * 64)).decode())
    assert not gate.read().accept


def test_a_key_that_cannot_be_read_ends_a_host_at_its_start(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Not each attempt that it then takes."""
    monkeypatch.setenv("FARM_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("FARM_DEVICE_KEY_FILE", str(tmp_path / "absent"))
    with pytest.raises(SystemExit) as stop:
        celery_module._check_host(SimpleNamespace(options={}))
    assert stop.value.code == ExitCode.USAGE
    assert "farm: FARM_DEVICE_KEY_FILE: " in capsys.readouterr().err
