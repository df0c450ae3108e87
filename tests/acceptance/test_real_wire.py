"""The main job on the real wire: Redis, a coordinator, two device hosts as processes of their own, one changed network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.celery import ALIVE_FILE
from tests.acceptance.farm_processes import Farm, ModelRepository, copy_models
from tests.servers import redis_server

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A farm that has taken in one change of resnet50."""
    folder = tmp_path_factory.mktemp("farm")
    repository = ModelRepository(folder / "repository", copy_models)
    repository.replace("models/networks/resnet.py", '"""ResNet-50, ', 'changed = True\n    """ResNet-50, ')
    repository.commit("Change resnet50 only")
    (folder / "logs").mkdir()
    with redis_server(folder) as broker:
        environment = {"FARM_BROKER_URL": broker, "FARM_STORE_URL": (folder / "store").as_uri()}
        farm = Farm(repository.root, folder / "logs", environment)
        try:
            farm.start_coordinator()
            farm.start_host("numpy", folder / "numpy")
            farm.start_host("torch", folder / "torch")
            done = farm.run("submit", "--changed-since", "HEAD~1", "--wait", "--timeout", "200")
            assert done.returncode == 0, (
                f"{done.stdout}{done.stderr}{farm.said('coordinator')}{farm.said('host-numpy')}"
            )
            yield farm
        finally:
            farm.stop()


def test_only_what_changed_was_selected(farm: Farm) -> None:
    plan = farm.document("plan", "--changed-since", "HEAD~1")
    assert [a["name"] for a in plan["architectures"] if a["selected"]] == ["resnet50"]
    assert all(a["reason"] for a in plan["architectures"])


def test_status_shows_both_devices_at_three_resolutions(farm: Farm) -> None:
    status = farm.document("status", "resnet50")
    assert status["schema"] == "farm-status/1"
    assert [cell["device"] for cell in status["cells"]] == ["numpy", "torch"]
    for cell in status["cells"]:
        assert (cell["verdict"], cell["provenance"], cell["outcome"]) == ("SUPPORTED", "observed", "PASS")
        assert len(cell["resolutions"]) >= 3
        assert 0 <= cell["max_abs_error"] < 1e-2
        assert cell["sqnr_db"] > 75
        assert 0 < cell["margin"] <= 1
    # Another implementation rounds otherwise: figures of exactly zero would mean that nothing was compared.
    assert status["cells"][0]["max_abs_error"] > 0
    done = farm.run("status", "resnet50")
    assert done.returncode == 0
    assert done.stdout.count("SUPPORTED") == 2
    assert "224x224" in done.stdout


def test_the_units_that_worked_are_listed(farm: Farm) -> None:
    listed = farm.document("devices")["devices"]
    assert [[u["unit"] for u in d["units"]] for d in listed] == [["numpy-host"], ["torch-host"]]


def test_a_host_shows_that_it_lives(farm: Farm) -> None:
    for device in ("numpy", "torch"):
        alive = Path(farm.logs.parent / device / "cache" / ALIVE_FILE)
        assert time.time() - alive.stat().st_mtime < 30


def test_submitting_again_costs_no_device_second(farm: Farm) -> None:
    before = farm.document("status", "resnet50")
    gate = ("--fail-on", "regression")
    done = farm.run("submit", "--changed-since", "HEAD~1", "--wait", "--timeout", "60", *gate)
    assert done.returncode == 0
    assert "0 to convert, 1 known" in done.stderr
    # All of it works, which needs no base to be good; but that there is none is said.
    assert "farm gate passed: 2 good" in done.stdout
    assert "was never tested, so nothing is compared with it" in done.stdout
    after = farm.document("status", "resnet50")
    assert [c["attempt"] for c in after["cells"]] == [c["attempt"] for c in before["cells"]]


def test_a_broken_kernel_is_failed_for_the_right_reason(farm: Farm, tmp_path: Path) -> None:
    text = (farm.repository / "inventory.yaml").read_text()
    faulty = text.replace(
        "profile: {mode: default}", "profile: {mode: default, faults: [{name: wrong_kernel, op: conv2d}]}"
    )
    assert faulty != text
    (tmp_path / "inventory.yaml").write_text(faulty)
    farm.stop("coordinator")
    farm.environment["FARM_INVENTORY"] = str(tmp_path / "inventory.yaml")
    try:
        farm.start_coordinator()
        done = farm.run("submit", "--changed-since", "HEAD~1", "--wait", "--timeout", "120")
        assert done.returncode == 1, done.stderr
        numpy, torch = farm.document("status", "resnet50")["cells"]
    finally:
        del farm.environment["FARM_INVENTORY"]
    assert (numpy["verdict"], numpy["outcome"], numpy["cause"]) == ("FAILED", "MISMATCH", "device stack")
    layer = numpy["first_divergent_layer"]
    assert (layer["op"], layer["module"], layer["introduced_here"]) == ("conv2d", "conv1", True)
    assert torch["verdict"] == "SUPPORTED"
    # The fault switched off again, the old verdict stands: it was of another configuration.
    assert farm.document("status", "resnet50")["cells"][0]["verdict"] == "SUPPORTED"
