"""What is made of a farm's figures; and one whole run of it on each wire."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.farm.__main__ import measured
from benchmarks.farm.measure import Round, ceiling, scaling_row, whole_row
from benchmarks.farm.repository import DEVICES, QUICK, ROOT, Clone
from benchmarks.report.topics import BY_NAME
from farm.inventory import load_inventory


def test_two_workers_are_bounded_by_the_cores() -> None:
    assert ceiling(10.0, 5.0, cores=2) == 2.0  # one core was idle
    assert ceiling(10.0, 12.0, cores=2) == pytest.approx(10 / 6)
    assert ceiling(10.0, 40.0, cores=2) == 0.5  # others had the machine: nothing is to be had


def test_rounds_that_did_not_do_the_same_are_no_scaling() -> None:
    one = Round(8, 10.0, 12.0, 9.0)
    assert scaling_row(one, Round(8, 5.0, 12.0, 9.0), cores=2)["ratio"] == 2.0
    for two in (Round(7, 5.0, 12.0, 9.0), Round(0, 5.0, 1.0, 0.0)):
        with pytest.raises(RuntimeError, match="cannot be compared"):
            scaling_row(one, two, cores=2)
    with pytest.raises(RuntimeError):
        scaling_row(Round(0, 1.0, 1.0, 0.0), Round(0, 1.0, 1.0, 0.0), cores=2)


def test_the_share_of_replay_is_of_all_processor_time() -> None:
    row = whole_row("local", 2, 4, 4, 30.0, {"replay": 6.0, "coordinator": 3.0, "unseen": 1.0})
    assert (row["cpu_s"], row["replay_share"], row["per_minute"], row["broker_s"]) == (10.0, 0.6, 8.0, 0.0)


def test_the_clone_has_two_simulated_devices_and_one_line_to_change(tmp_path: Path) -> None:
    clone = Clone.make(tmp_path / "clone")
    inventory = load_inventory(clone.inventory)
    assert list(inventory.devices) == list(DEVICES)
    assert {device.driver for device in inventory.devices.values()} == {"numpy"}
    clone.declare(("simulated",), units=2)
    assert [device.units for device in load_inventory(clone.inventory).devices.values()] == [2]
    clone.change()
    difference = subprocess.run(
        ["git", "show", "--numstat", "--format="], cwd=clone.root, capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    assert difference.split() == ["1", "1", "models/networks/squeezenet.py"]
    with pytest.raises(RuntimeError, match="choose another one"):
        clone.change()


def test_a_farm_of_the_benchmark_has_no_settings_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_BROKER_URL", "redis://elsewhere")
    environment = Clone(tmp_path, tmp_path / "i").environment({"FARM_UNIT": "u"})
    assert "FARM_BROKER_URL" not in environment
    assert environment["FARM_UNIT"] == "u"
    assert str(tmp_path) in environment["FARM_DATABASE_URL"]


def test_the_quick_ones_are_networks_of_the_zoo() -> None:
    assert len(set(QUICK)) == 12
    text = (ROOT / "models" / "networks" / "__init__.py").read_text()
    assert [name for name in QUICK if f'"{name}"' not in text] == []
    assert {"squeezenet1_0", "squeezenet1_1"} <= set(QUICK)


def test_all_architectures_are_not_begun_without_room_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3 << 30))
    with pytest.raises(RuntimeError, match="which has 3: make room"):
        next(measured((), ("local",), "redis-server"))


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_change_is_measured_from_the_commit_to_the_verdict() -> None:
    command = [sys.executable, "-m", "benchmarks.farm", "--wire", "local", "--name", "squeezenet1_1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    whole, change = json.loads(done.stdout)["rows"]
    assert (whole["what"], whole["jobs"], whole["verdicts"], whole["architectures"]) == ("whole", 2, 2, 1)
    assert 0 < whole["replay_share"] < 1
    assert whole["cpu_s"] == pytest.approx(sum(value for name, value in whole.items() if name in PARTS), abs=0.1)
    assert change["seconds"] == pytest.approx(sum(change["stages"].values()), abs=0.1)
    assert all(seconds >= 0 for seconds in change["stages"].values())
    assert change["told_s"] >= change["seconds"] - 0.5


PARTS = BY_NAME["farm"].tables[0].bars
