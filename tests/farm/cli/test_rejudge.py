"""``farm rejudge`` as people and scripts meet it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from farm.coordinator.dispatch import dispatch
from farm.coordinator.merge import merge
from farm.database.engine import Database, open_database
from farm.inventory import load_inventory
from farm.settings import Settings
from tests.acceptance.tiny import INVENTORY
from tests.farm.cli.conftest import Said
from tests.farm.conftest import Scratch
from tests.farm.coordinator.test_rejudging import observed
from tests.farm.rows import START, FakeWire, submit

WIDER = "{version: 2, precision: float32, atol_rel: 0.1, rtol: 0.1, sqnr_db: 20, cosine: 0.9}"
NARROWER = "{version: 2, precision: float32, atol_rel: 1.0e-6, rtol: 0, sqnr_db: 75, cosine: 0.99999}"
FP32 = "{version: 1, precision: float32, atol_rel: 2.0e-4, rtol: 1.0e-4, sqnr_db: 75, cosine: 0.99999}"


@pytest.fixture
def database(tiny: Scratch) -> Database:
    """The device types ``numpy`` and ``exact`` were off by a thousandth on one network, and twice."""
    made = open_database(Settings.load(tiny.root).database_url)
    inventory = load_inventory(tiny.root / "inventory.yaml")
    submit(made, inventory, ["net"], tiny.git("rev-parse", "HEAD").strip())
    wire, done = FakeWire(), 0
    while dispatch(made, inventory, wire, START):
        for message in wire.sent[done:]:
            merge(made, observed(message, 1e-3), START + timedelta(hours=1))
        done = len(wire.sent)
    return made


def change(tiny: Scratch, policy: str) -> None:
    assert FP32 in INVENTORY
    (tiny.root / "inventory.yaml").write_text(INVENTORY.replace(FP32, policy))


@pytest.mark.usefixtures("database")
class TestRejudge:
    def test_a_new_version_is_judged_for_every_device_that_has_it(
        self, tiny: Scratch, farm: Callable[..., Said]
    ) -> None:
        change(tiny, WIDER)
        said = farm("rejudge", "--policy", "fp32", "--json")
        document = said.document
        assert document["schema"] == "farm-rejudge/1"
        assert (document["policy"], document["devices"]) == ("fp32/2", ["numpy", "exact"])
        assert (document["rejudged"], document["needs_replay"]) == (2, 0)
        row = document["rows"][0]
        assert row["before"] == {"policy": "fp32/1", "verdict": "FAILED"}
        assert (row["verdict"], row["outcome"], row["needs_replay"]) == ("SUPPORTED", "PASS", None)

    def test_the_text_says_what_was_and_what_is(self, tiny: Scratch, farm: Callable[..., Said]) -> None:
        change(tiny, WIDER)
        said = farm("rejudge", "--policy", "fp32", "--device", "numpy", "--commit", "HEAD")
        assert said.code == 0
        (line,) = said.out.splitlines()[1:]
        assert line.split()[:5] == ["network:net", "numpy", "FAILED", "(fp32/1)", "SUPPORTED"]
        assert said.err == "farm: 1 judged by fp32/2; 0 need a replay, which the next submission makes\n"
        assert farm("rejudge", "--policy", "fp32", "--device", "numpy").err == (
            "farm: nothing was observed that fp32/2 has not judged yet\n"
        )

    def test_a_failure_is_a_bad_result(self, tiny: Scratch, farm: Callable[..., Said]) -> None:
        change(tiny, NARROWER)
        said = farm("rejudge", "--policy", "fp32", "--json")
        assert said.code == 1
        assert {row["verdict"] for row in json.loads(said.out)["rows"]} == {"FAILED"}

    @pytest.mark.parametrize(
        ("arguments", "code", "text"),
        [
            (("--policy", "fp33"), 4, "no policy named 'fp33'; did you mean fp32?"),
            (("--policy", "fp32", "--device", "nump"), 4, "no device type named 'nump'"),
            (("--policy", "fp32", "--commit", "nowhere"), 4, "nowhere"),
            ((), 2, "Missing option '--policy'"),
        ],
    )
    def test_what_is_not_there(
        self, farm: Callable[..., Said], arguments: tuple[str, ...], code: int, text: str
    ) -> None:
        said = farm("rejudge", *arguments)
        assert (said.code, said.out) == (code, "")
        assert text in said.err

    def test_other_numbers_need_another_version(self, tiny: Scratch, farm: Callable[..., Said]) -> None:
        change(tiny, WIDER.replace("version: 2", "version: 1"))
        said = farm("rejudge", "--policy", "fp32")
        assert said.code == 2
        assert "give it the next version" in said.err

    def test_a_policy_that_no_device_has(self, tiny: Scratch, farm: Callable[..., Said]) -> None:
        spare = FP32.replace("version: 1", "version: 7")
        (tiny.root / "inventory.yaml").write_text(INVENTORY.replace("devices:", f"  spare: {spare}\ndevices:"))
        said = farm("rejudge", "--policy", "spare")
        assert said.code == 2
        assert "no device type has the policy 'spare': name one with --device" in said.err
        assert farm("rejudge", "--policy", "spare", "--device", "exact", "--json").code == 1
