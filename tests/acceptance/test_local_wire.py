"""The commands on a small repository with nothing else running: good days, and every kind of bad input."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from farm.database.engine import Database
from farm.database.models import Architecture, Bundle, Snapshot
from mcore.platform.bundle import Manifest
from mcore.platform.format import manifest_from_bytes
from tests.acceptance.farm_processes import Farm, ModelRepository
from tests.acceptance.tiny import write_tiny
from tests.farm.documents.valid import valid
from tests.farm.servers import Recorder
from workers.artifacts import open_store

pytestmark = pytest.mark.timeout(300)


def verdicts(farm: Farm, name: str, *arguments: str) -> dict[str, tuple[str, str]]:
    status = farm.document("status", name, *arguments)
    return {cell["device"]: (cell["verdict"], cell["provenance"]) for cell in status["cells"]}


def manifest_of(farm: Farm, name: str) -> Manifest:
    """The manifest of the newest bundle of an architecture in the farm's store."""
    database = Database(f"sqlite:///{farm.repository / '.farm' / 'farm.sqlite'}")
    with database.read() as session:
        query = select(Bundle).join(Snapshot).join(Architecture).where(Architecture.name == name)
        bundle = session.scalars(query.order_by(Bundle.created.desc())).first()
        assert bundle is not None
    database.close()
    return manifest_from_bytes(open_store(str(farm.repository / ".farm" / "store")).get(bundle.manifest))


def test_everything_is_in_the_table(submitted: tuple[ModelRepository, Farm]) -> None:
    table = submitted[1].document("table")
    assert table["schema"] == "farm-table/1"
    assert table["devices"] == ["numpy", "exact"]
    assert [(r["kind"], r["architecture"]) for r in table["rows"]] == [
        ("network", "tiny"),
        ("network", "wide"),
        ("block", "Block"),
    ]
    for row in table["rows"]:
        assert any(row[column] for column in ("network", "backbone", "head"))
        assert row["last_change"]["commit"] == table["commit"]
        assert {cell["verdict"] for cell in row["cells"].values()} == {"SUPPORTED"}
    assert table["rows"][0]["layers"] == ["AdaptiveAvgPool2d", "Conv2d", "Linear", "ReLU"]


def test_the_other_forms_of_the_table_say_the_same(submitted: tuple[ModelRepository, Farm]) -> None:
    farm = submitted[1]
    rows = list(csv.DictReader(io.StringIO(farm.run_here("table", "--format", "csv").stdout)))
    assert [(row["network"], row["numpy"]) for row in rows][:2] == [("tiny", "✓ SUPPORTED"), ("wide", "✓ SUPPORTED")]
    markdown = farm.run_here("table", "--format", "md", "--kind", "block", "--device", "exact").stdout.splitlines()
    assert len(markdown) == 3
    assert "numpy" not in markdown[0]
    assert "✓ SUPPORTED" in markdown[2]
    assert json.loads(farm.run_here("table", "--format", "json").stdout) == farm.document("table")


def test_the_table_shows_the_rows_that_are_asked_for(submitted: tuple[ModelRepository, Farm]) -> None:
    farm = submitted[1]
    filters = ("--name", "T*", "--kind", "network", "--verdict", "supported", "--tested")
    assert [row["architecture"] for row in farm.document("table", *filters)["rows"]] == ["tiny"]
    head, _, *rows = farm.run_here("table", *filters).stdout.splitlines()
    assert head.endswith(", 1 of 3 architectures")
    assert [row.split()[1] for row in rows] == ["tiny"]
    assert farm.document("table", "--verdict", "FAILED")["rows"] == []


def test_the_most_wanted_network_went_first(submitted: tuple[ModelRepository, Farm]) -> None:
    plan = submitted[1].document("plan", "--all")
    order = sorted(plan["architectures"], key=lambda a: a["priority"])
    assert [a["name"] for a in order] == ["wide", "tiny", "Block"]


def test_a_comment_selects_nothing(copied: tuple[ModelRepository, Farm]) -> None:
    repository, farm = copied
    repository.replace(
        "models/basicblocks/block.py", "        self.act = ReLU()", "        self.act = ReLU()  # a remark"
    )
    repository.commit("Remark")
    done = farm.run_here("submit", "--changed-since", "HEAD~1")
    assert done.returncode == 0
    assert "0 of 3 architectures selected" in done.stderr
    assert verdicts(farm, "tiny") == {"numpy": ("SUPPORTED", "inherited"), "exact": ("SUPPORTED", "inherited")}


def test_a_changed_block_selects_what_reaches_it_and_a_revert_costs_nothing(
    copied: tuple[ModelRepository, Farm],
) -> None:
    repository, farm = copied
    first = repository.git("rev-parse", "HEAD")
    repository.replace("models/basicblocks/block.py", "channels, 3, padding=1", "channels, 5, padding=2")
    second = repository.commit("Change the block")
    plan = farm.document("plan", "--changed-since", "HEAD~1")
    assert {a["name"] for a in plan["architectures"] if a["selected"]} == {"tiny", "Block"}
    reason = next(a for a in plan["architectures"] if a["name"] == "tiny")
    assert "Block.__init__ (models/basicblocks/block.py)" in reason["reason"]
    assert reason["chain"][-1]["file"] == "models/basicblocks/block.py"
    assert plan["cost"]["totals"]["numpy"]["work"] == plan["cost"]["totals"]["conversion"]["work"] == 2
    assert plan["cost"]["wall_s"] > 0
    assert reason["cost"]["numpy"]["seconds"] > 0
    why = farm.document("why", "network:tiny", "--reaches", "Block.forward")
    assert (why["base"], why["reason"], why["chain"]) == (first, reason["reason"], reason["chain"])
    assert why["reaches"]["reached"]
    done = farm.run_here("submit", "--changed-since", "HEAD~1")
    assert done.returncode == 0
    assert f"network tiny: {reason['reason']}" in done.stderr
    assert farm.document("status", "tiny")["reason"] == reason["reason"]
    assert reason["reason"] in farm.run_here("status", "tiny").stdout
    assert verdicts(farm, "tiny")["numpy"] == ("SUPPORTED", "observed")
    assert verdicts(farm, "wide")["numpy"] == ("SUPPORTED", "inherited")
    rows = {row["architecture"]: row["last_change"]["commit"] for row in farm.document("table")["rows"]}
    assert rows == {"tiny": second, "Block": second, "wide": first}
    assert manifest_of(farm, "tiny").passed == {"numpy": (first,), "exact": (first,)}
    repository.git("revert", "--no-edit", "HEAD")
    done = farm.run_here("submit", "--changed-since", "HEAD~1")
    assert "0 to convert, 2 known" in done.stderr
    assert verdicts(farm, "tiny")["numpy"] == ("SUPPORTED", "inherited")
    assert farm.document("status", f"tiny@{first}")["commit"] == first


def test_uncommitted_changes_are_said_in_the_key(copied: tuple[ModelRepository, Farm]) -> None:
    repository, farm = copied
    head = repository.git("rev-parse", "HEAD")
    repository.replace("models/networks/small.py", "Conv2d(3, 16, 3)", "Conv2d(3, 16, 3, stride=2)")
    done = farm.run_here("submit", "--changed-since", "HEAD")
    assert done.returncode == 0
    assert "with 1 uncommitted file: models/networks/small.py" in done.stderr
    status = farm.document("status", "wide")
    assert status["commit"].startswith(f"{head}+dirty.")
    assert status["cells"][0]["last_change"]["commit"] == status["commit"]
    assert farm.document("status", "wide@HEAD")["commit"] == head


def test_a_network_that_cannot_be_built_fails_alone(copied: tuple[ModelRepository, Farm]) -> None:
    repository, farm = copied
    repository.replace("models/networks/small.py", "= Conv2d(3, 16, 3)", "= Conv2d(3, 16, 3) / 0")
    repository.replace("models/basicblocks/block.py", "channels, 3, padding=1", "channels, 5, padding=2")
    repository.commit("Break wide, change the block")
    done = farm.run_here("submit", "--changed-since", "HEAD~1")
    assert done.returncode == 1
    assert "wide on numpy: FAILED (MODEL_FAILED, model code): building it raised TypeError" in done.stdout
    assert verdicts(farm, "tiny")["numpy"] == ("SUPPORTED", "observed")
    shown = farm.run_here("status", "wide")
    assert shown.returncode == 1
    assert "small.py:" in shown.stdout


def test_a_pull_request_is_judged_by_where_it_began(copied: tuple[ModelRepository, Farm]) -> None:
    """It breaks a block, and what the main branch changed meanwhile is neither tested nor held against it."""
    repository, farm = copied
    base = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.replace("models/basicblocks/block.py", "= ReLU()", "= ReLU() / 0")
    topic = repository.commit("Break the block")
    repository.git("checkout", "--quiet", "main")
    repository.replace("models/networks/small.py", "Conv2d(3, 16, 3)", "Conv2d(3, 16, 3, stride=2)")
    repository.commit("Change wide")
    repository.git("checkout", "--quiet", "topic")
    reports = ("--markdown", ".farm/gate.md", "--json")
    with Recorder() as forge:
        farm.environment |= {"FARM_STATUS_URL": f"{forge.url}/repos/ada/nets", "FARM_STATUS_TOKEN": "token"}
        done = farm.run_here("submit", "--changed-since", "main", "--fail-on", "regression", *reports)
    assert done.returncode == 1, done.stderr
    assert [(s.path.rpartition("/")[2], s.document["state"]) for s in forge.taken] == [
        (topic, "pending"),
        (topic, "failure"),
    ]
    del farm.environment["FARM_STATUS_URL"]
    gate = json.loads(done.stdout)["gate"]
    assert (gate["commit"], gate["base"], gate["conclusion"]) == (topic, base, "failed")
    found = {(j["architecture"], j["device"]): j["finding"] for j in gate["judged"]}
    assert found == {(name, d): "regression" for name in ("tiny", "Block") for d in ("numpy", "exact")}
    assert "**✗ farm gate failed: 4 regressions**" in (repository.root / ".farm" / "gate.md").read_text()
    again = farm.run_here("gate", "--json")
    assert (again.returncode, json.loads(again.stdout)["judged"]) == (1, gate["judged"])


def test_a_public_name_that_does_not_exist_is_said_and_the_rest_goes_on(copied: tuple[ModelRepository, Farm]) -> None:
    repository, farm = copied
    repository.replace("models/networks/__init__.py", '"wide"]', '"wide", "ghost"]')
    repository.replace("models/basicblocks/block.py", "channels, 3, padding=1", "channels, 5, padding=2")
    repository.commit("Name a ghost")
    done = farm.run_here("submit", "--changed-since", "HEAD~1")
    assert done.returncode == 1
    assert "models/networks/__init__.py" in done.stderr
    assert "ghost" in done.stderr
    assert verdicts(farm, "tiny")["numpy"] == ("SUPPORTED", "observed")


def test_a_syntax_error_is_said_with_its_line(copied: tuple[ModelRepository, Farm]) -> None:
    repository, farm = copied
    repository.replace("models/networks/small.py", "class wide(Module):", "class wide(Module:")
    done = farm.run_here("plan", "--changed-since", "HEAD")
    assert done.returncode == 1
    assert "models/networks/small.py:" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["status", "tyni"], 4, "no architecture named 'tyni'; did you mean tiny?"),
        (["status", "tiny@nowhere"], 4, "nowhere"),
        (["convert", "tyni"], 4, "did you mean tiny?"),
        (["plan", "--changed-since", "mian"], 4, "did you mean main?"),
        (["plan", "--changed-since", "HEAD~1"], 4, "HEAD~1"),
        (["submit"], 2, "either --changed-since REV, --all or --name NAME"),
        (["submit", "--all", "--changed-since", "HEAD"], 2, "either --changed-since REV, --all or --name NAME"),
        (["table", "--kind", "netwrk"], 2, "did you mean network, neck?"),
        (["table", "--device", "nunpy"], 4, "did you mean numpy?"),
        (["table", "--verdict", "faild"], 2, "did you mean FAILED, PARTIAL?"),
        (["table", "--name", "tyni"], 4, "no architecture named 'tyni'; did you mean tiny?"),
        (["statsu", "tiny"], 2, "did you mean status"),
        (["coordinator"], 2, "FARM_BROKER_URL is not set"),
        (["convert"], 2, "name one architecture"),
        (["convert", "tiny", "-p", "classes"], 2, "not KEY=VALUE"),
        (["convert", "--backbone", "x"], 2, "--backbone and --head"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_request_is_one_line_and_an_exit_code(
    submitted: tuple[ModelRepository, Farm], arguments: list[str], code: int, said: str
) -> None:
    ended, out, errors = submitted[1].here(*arguments)
    assert (ended, said in errors) == (code, True), errors
    assert "Traceback" not in errors
    assert out == ""


def test_a_broken_inventory_names_the_line(copied: tuple[ModelRepository, Farm]) -> None:
    repository, farm = copied
    repository.replace("inventory.yaml", "exact: {driver: numpy", "exact: {drivr: numpy")
    done = farm.run_here("plan", "--all")
    assert done.returncode == 2
    assert "inventory.yaml:11: devices.exact" in done.stderr


def test_outside_of_a_repository(submitted: tuple[ModelRepository, Farm], tmp_path: Path) -> None:
    done = Farm(tmp_path, tmp_path, submitted[1].environment).run_here("plan", "--all")
    assert done.returncode == 2
    assert "not" in done.stderr
    assert "repository" in done.stderr


def test_without_any_submission(tmp_path: Path) -> None:
    repository = ModelRepository(tmp_path / "repository", write_tiny)
    done = Farm(repository.root, tmp_path, {}).run_here("status", "tiny")
    assert done.returncode == 4
    assert "run `farm submit --all` first" in done.stderr


def test_convert_makes_a_bundle_and_overwrites_only_when_told(
    submitted: tuple[ModelRepository, Farm], tmp_path: Path
) -> None:
    from mcore.platform.format import read_bundle

    farm = submitted[1]
    done = farm.run("convert", "tiny", "-p", "num_classes=3", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    bundle = read_bundle(Path(done.stdout.strip()))
    assert bundle.manifest.architecture == "tiny+num_classes=3"
    assert bundle.manifest.constructor["parameters"] == {"num_classes": 3}
    assert bundle.samples[0].outputs["out"].shape[-1] == 3
    assert len(bundle.samples) == 3
    again = farm.run("convert", "tiny", "-p", "num_classes=3", "--out", str(tmp_path))
    assert again.returncode == 2
    assert "--overwrite" in again.stderr
    assert "farm: graph: " in done.stderr
    over = farm.run("convert", "tiny", "-p", "num_classes=3", "--out", str(tmp_path), "--overwrite", "--json")
    document = valid(over.stdout)
    assert (document["schema"], document["bundle"]) == ("farm-convert/1", str(bundle.manifest.identity))
    assert document["report"] == bundle.manifest.report
    wrong = farm.run("convert", "tiny", "-p", "clases=3", "--out", str(tmp_path))
    assert wrong.returncode == 1
    assert "MODEL_FAILED" in wrong.stderr
