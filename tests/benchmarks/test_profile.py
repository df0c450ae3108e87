import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_a_profile_adds_up_and_names_what_it_measured() -> None:
    command = [sys.executable, "-m", "benchmarks.profile", "resnet18", "--side", "96", "--json"]
    document = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert next(iter(document.items())) == ("schema", "benchmark-profile/1")
    ours = sum(share["ms"] for share in document["ours"])
    assert 0.3 * document["ours_ms"] < ours < 3 * document["ours_ms"]
    assert sum(share["count"] for share in document["ours"]) > 20
    assert all(share["ms"] >= 0 for share in document["torch"])
    assert any("conv" in share["what"] for share in document["torch"])
    assert document["slowest"][0]["label"].startswith("node")


def test_an_unknown_network_is_told() -> None:
    command = [sys.executable, "-m", "benchmarks.profile", "resnet19"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    assert "there is no network 'resnet19'; models.networks has" in result.stderr
