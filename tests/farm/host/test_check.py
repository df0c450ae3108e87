"""A host looks after its unit: what it works with, then the device itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from farm.host import check as host_check
from farm.host.check import perform_check
from farm.protocol import CheckMessage, decode, encode
from farm.settings import HostSettings
from tests.farm.hosts import Host, make_host
from tests.workers.artifacts.servers import serving
from workers.artifacts.store import MARK_SHA256, object_name
from workers.processes.checkup import Checkup

ASKED = CheckMessage("c1", "t1", "numpy", "unit-1", "numpy", {"mode": "default"})


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return make_host(tmp_path)


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is always well, and takes no time."""
    monkeypatch.setattr(host_check, "check_unit", lambda driver, profile: Checkup("", {"driver": driver}))


def test_a_sound_unit_passes_and_says_what_it_is(host: Host) -> None:
    told = perform_check(ASKED, host.settings)
    assert decode(encode(told)) == told
    assert (told.check, told.token, told.unit, told.device_type) == ("c1", "t1", "unit-1", "numpy")
    assert (told.failure, told.outside) == ("", False)
    assert told.stack["driver"] == "numpy"


def test_a_broken_unit_is_its_own_fault(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_check, "check_unit", lambda driver, profile: Checkup("out: off\nby far" * 999))
    told = perform_check(ASKED, host.settings)
    assert decode(encode(told)) == told
    assert told.failure.startswith("out: off by far")
    assert not told.outside


@pytest.mark.usefixtures("sound")
def test_a_store_that_is_away_is_not_the_units_fault(host: Host) -> None:
    for store in (str(host.store / "away"), "gopher://store"):
        told = perform_check(ASKED, replace(host.settings, store_url=store))
        assert told.outside
        assert "store" in told.failure
    assert perform_check(ASKED, host.settings).failure == ""


@pytest.mark.usefixtures("sound")
def test_nor_is_a_disk_that_is_full_or_a_cache_that_cannot_be_used(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    told = perform_check(ASKED, replace(host.settings, cache=tmp_path / "file" / "cache"))
    assert (told.outside, told.failure.partition(":")[0]) == (True, "the cache cannot be used")
    monkeypatch.setattr(HostSettings, "free_disk_bytes", lambda self: 1 << 20)
    told = perform_check(ASKED, host.settings)
    assert (told.outside, told.failure) == (
        True,
        f"the disk of the cache is full: 1 MiB are left at {host.settings.cache}",
    )


@pytest.mark.usefixtures("sound")
def test_the_hosts_own_log_says_how_a_check_went(
    host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="farm.host.check"):
        perform_check(ASKED, host.settings)
        perform_check(ASKED, replace(host.settings, store_url=str(host.store / "away")))
        monkeypatch.setattr(host_check, "check_unit", lambda driver, profile: Checkup("out: off by far"))
        perform_check(ASKED, host.settings)
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "the check of this unit passed"),
        (
            "WARNING",
            f"the check of this unit is unclear: the artifact store {host.store}/away does not exist; is it mounted?",
        ),
        ("WARNING", "the check of this unit failed: out: off by far"),
    ]


@pytest.mark.usefixtures("sound")
@pytest.mark.parametrize("place", ["another folder", "a web server of nothing", "one that answers the same to all"])
def test_what_answers_and_is_no_store_is_not_taken_for_one(host: Host, tmp_path: Path, place: str) -> None:
    """Else each attempt would end for want of its bundle, one job after the other."""
    (other := tmp_path / "other").mkdir()
    with serving() as web:
        if place == "one that answers the same to all":
            web.objects[f"/{object_name(MARK_SHA256)}"] = b"<html>Welcome!</html>"
        store = str(other) if place == "another folder" else web.url
        told = perform_check(ASKED, replace(host.settings, store_url=store))
    assert told.outside
    assert told.failure.startswith(f"what is at {store} is no artifact store")
    assert "FARM_STORE_URL" in told.failure
