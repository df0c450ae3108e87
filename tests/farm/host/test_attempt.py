"""One attempt on a host: the good way, and every way in which a host fails for reasons of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from farm.host import attempt as host_module
from farm.host.attempt import perform
from farm.protocol import ReportMessage, decode, encode
from tests.farm.hosts import Host, make_host
from workers.artifacts.cache import evict
from workers.artifacts.store import MARK_SHA256
from workers.outcome import Cause, Outcome
from workers.processes.attempt import AttemptRequest
from workers.report import AttemptReport, CaseReport, Stage, TensorError


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return make_host(tmp_path)


def infra(told: ReportMessage) -> bool:
    assert decode(encode(told)) == told
    assert "\n" not in told.report.message
    assert (told.report.bundle, told.report.cases) == ("", ())
    return (told.report.outcome, told.report.cause) == (Outcome.INFRA_ERROR, Cause.INFRA)


def test_a_good_attempt_is_told_with_its_evidence(host: Host) -> None:
    told = perform(host.message, host.settings)
    assert (told.attempt, told.token, told.unit) == ("a1", "t1", "unit-1")
    assert told.duration_s > 0
    assert (told.report.outcome, told.report.stage) == (Outcome.PASS, Stage.DONE), told.report.message
    assert (told.report.bundle, told.report.nonce) == (host.message.bundle, "n1")
    assert len(told.report.cases) == 3
    assert decode(encode(told)) == told


def test_what_is_cached_needs_no_store(host: Host) -> None:
    perform(host.message, host.settings)
    shutil.rmtree(host.store)
    assert perform(host.message, host.settings).report.outcome is Outcome.PASS


def test_limits_policy_and_profile_reach_the_attempt(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[AttemptRequest] = []

    def run(request: AttemptRequest) -> AttemptReport:
        asked.append(request)
        return AttemptReport(Outcome.PASS, Cause.UNKNOWN, "", Stage.DONE, request.bundle, request.nonce)

    monkeypatch.setattr(host_module, "run_attempt", run)
    perform(host.asked(measured_stack="d" * 64), host.settings)
    (request,) = asked
    assert request.measured_stack == "d" * 64
    assert Path(request.bundle_folder).parent == host.settings.cache
    assert (request.limits.time_s, request.limits.memory_bytes) == (60.0, 4 << 30)
    assert (request.policy, request.profile, request.driver) == (host.message.policy, {"mode": "default"}, "numpy")


def test_an_absent_store_is_infra(host: Host) -> None:
    shutil.rmtree(host.store)
    told = perform(host.message, host.settings)
    assert infra(told)
    assert "is it mounted?" in told.report.message


def test_a_store_that_does_not_answer_is_infra(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    from workers.artifacts import access

    monkeypatch.setitem(access.RETRIES, "max_retries", 0)
    monkeypatch.setitem(access.RETRIES, "retry_timeout", timedelta(seconds=1))
    told = perform(host.message, replace(host.settings, store_url="http://127.0.0.1:9/store"))
    assert infra(told)
    assert told.report.message.startswith(
        "the bundle could not be fetched: the artifact store http://127.0.0.1:9/store"
    )


def test_a_store_that_is_none_is_infra(host: Host) -> None:
    told = perform(host.message, replace(host.settings, store_url="gopher://store"))
    assert infra(told)
    assert "FARM_STORE_URL of this host: 'gopher://store' is no artifact store" in told.report.message


def test_a_bundle_that_the_store_does_not_have_is_infra(host: Host) -> None:
    assert infra(perform(host.asked(manifest="d" * 64), host.settings))


@pytest.mark.parametrize("damage", [b"", b"x", None], ids=["emptied", "overwritten", "one bit"])
def test_a_corrupt_artifact_is_infra_and_never_run(host: Host, damage: bytes | None) -> None:
    """Every one of them in turn: the manifest, the graph, the weights, the samples."""
    for artifact in [path for path in host.store.rglob("*") if path.is_file() and path.name != MARK_SHA256]:
        whole = artifact.read_bytes()
        artifact.chmod(0o644)
        artifact.write_bytes(bytes([whole[0] ^ 1]) + whole[1:] if damage is None else damage)
        assert infra(perform(host.message, host.settings)), artifact
        artifact.write_bytes(whole)
        shutil.rmtree(host.settings.cache, ignore_errors=True)  # which has the others by now
    assert perform(host.message, host.settings).report.outcome is Outcome.PASS


def test_a_cache_that_cannot_be_written_is_infra(host: Host, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = perform(host.message, replace(host.settings, cache=tmp_path / "file" / "cache"))
    assert infra(told)
    assert "cache" in told.report.message


def test_a_process_that_cannot_be_run_is_infra(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_fork(_: object) -> AttemptReport:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(host_module, "run_attempt", no_fork)
    told = perform(host.message, host.settings)
    assert infra(told)
    assert told.report.message.startswith("the attempt's process could not be run: ")


@pytest.mark.parametrize("where", ["hold_bundle", "run_attempt"])
def test_an_unknown_error_is_the_harness(host: Host, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("in two\nlines")

    monkeypatch.setattr(host_module, where, broken)
    report = perform(host.message, host.settings).report
    assert (report.outcome, report.cause) == (Outcome.HARNESS_ERROR, Cause.HARNESS)
    assert report.message == "ZeroDivisionError: in two lines"
    assert "Traceback" in report.log
    assert report.nonce == "n1"


def test_a_report_that_the_coordinator_would_refuse_is_said_to_be_one(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensor = TensorError("out", float("nan"), 0.0, 0.0, 1.0, 0.0, 0.0)
    case = CaseReport("a", Outcome.PASS, tensors=(tensor,))

    def run(request: AttemptRequest) -> AttemptReport:
        return AttemptReport(Outcome.PASS, Cause.UNKNOWN, "", Stage.DONE, request.bundle, request.nonce, cases=(case,))

    monkeypatch.setattr(host_module, "run_attempt", run)
    told = perform(host.message, host.settings)
    assert decode(encode(told)) == told
    assert (told.report.outcome, told.report.cause) == (Outcome.HARNESS_ERROR, Cause.HARNESS)
    assert told.report.message.startswith("the report cannot be sent: ")


def test_a_lost_bundle_is_said_how_to_make_again(host: Host) -> None:
    shutil.rmtree(host.store / "sha256")
    (host.store / "sha256").mkdir()
    told = perform(host.message, host.settings)
    assert infra(told)
    assert told.report.message.endswith("; `farm submit --reconvert` makes it again")


def test_the_bundle_is_held_while_the_attempt_runs(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another attempt on this host, with no room in the cache, does not take it away."""
    seen: list[bool] = []

    def run(request: AttemptRequest) -> AttemptReport:
        evict(host.settings.cache, limit_bytes=0)
        seen.append((Path(request.bundle_folder) / "manifest.json").exists())
        return AttemptReport(Outcome.PASS, Cause.UNKNOWN, "", Stage.DONE, request.bundle, request.nonce)

    monkeypatch.setattr(host_module, "run_attempt", run)
    perform(host.message, host.settings)
    evict(host.settings.cache, limit_bytes=0)
    assert seen == [True]
    assert not (host.settings.cache / host.message.manifest).exists()


def test_no_secret_of_the_store_reaches_a_report(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from workers.artifacts import access

    monkeypatch.setitem(access.RETRIES, "max_retries", 0)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for url in (
        "s3://bucket/hunter",
        "http://reader:hunter2@127.0.0.1:9/x",
        "s3://AKID:hunter2@bucket",
        "ftp://a:hunter2@h",
    ):
        told = perform(host.message, replace(host.settings, store_url=url))
        assert infra(told)
        assert b"hunter2" not in encode(told)
