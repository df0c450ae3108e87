"""What was run once is not run again, with real git, real conversions and real attempts on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from farm.database.engine import Database
from farm.database.models import Attempt
from tests.acceptance.farm_processes import ROOT, Farm, ModelRepository

pytestmark = pytest.mark.timeout(600)

BLOCK = "models/basicblocks/block.py"
SMALL = "models/networks/small.py"
Copied = tuple[ModelRepository, Farm]


def attempts(farm: Farm) -> int:
    """All that were ever made."""
    database = Database(f"sqlite:///{farm.repository / '.farm' / 'farm.sqlite'}")
    with database.read() as session:
        made = session.scalar(select(func.count()).select_from(Attempt)) or 0
    database.close()
    return made


def submit(farm: Farm, *arguments: str, code: int = 0) -> str:
    """What a submission of everything says of its cost."""
    done = farm.run_here("submit", *(arguments or ("--all",)))
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def cells(farm: Farm) -> dict[tuple[str, str], dict[str, Any]]:
    """Cells of the table where the repository is, by architecture and device, but for how and since when they are known."""
    return {
        (row["architecture"], device): {k: v for k, v in cell.items() if k not in ("provenance", "last_change")}
        for row in farm.document("table")["rows"]
        for device, cell in row["cells"].items()
    }


def test_history_that_git_makes_costs_no_attempt(copied: Copied) -> None:
    repository, farm = copied
    git = repository.git
    git("checkout", "--quiet", "-b", "stride")
    repository.replace(SMALL, "Conv2d(3, 16, 3)", "Conv2d(3, 16, 3, stride=2)")
    repository.commit("Stride")
    assert submit(farm) == "1 converted anew, 2 bundles known; 4 verdicts inherited; 2 jobs run"
    stride = cells(farm)
    git("checkout", "--quiet", "main")
    start = cells(farm)
    repository.replace(BLOCK, "channels, 3, padding=1", "channels, 5, padding=2")
    repository.commit("Kernel")
    assert submit(farm, "--changed-since", "HEAD~1") == (
        "2 converted anew, 0 bundles known; 0 verdicts inherited; 4 jobs run"
    )
    kernel = cells(farm)
    both = {key: (stride if key[0] == "wide" else kernel)[key] for key in kernel}
    made = attempts(farm)
    free = "0 converted anew, 3 bundles known; 6 verdicts inherited; 0 jobs run"

    git("merge", "--quiet", "--no-ff", "--no-edit", "stride")
    assert (submit(farm), cells(farm)) == (free, both)
    git("revert", "--no-edit", "--mainline", "1", "HEAD")
    assert (submit(farm), cells(farm)) == (free, kernel)
    git("cherry-pick", "stride")
    assert (submit(farm), cells(farm)) == (free, both)
    git("checkout", "--quiet", "stride")
    git("rebase", "--quiet", "main~3")
    assert (submit(farm), cells(farm)) == (free, both)
    git("reset", "--quiet", "--hard", "HEAD~2")
    assert (submit(farm), cells(farm)) == (free, start)
    assert attempts(farm) == made


def test_an_edit_that_leaves_the_computation_is_converted_and_not_run(copied: Copied) -> None:
    """The block's activation has another name, and all that stands below it another line: only the source map changes."""
    repository, farm = copied
    before, made = cells(farm), attempts(farm)
    text = (repository.root / BLOCK).read_text()
    (repository.root / BLOCK).write_text(text.replace("self.act", "self.activation"))
    commit = repository.commit("Spell it out")
    assert submit(farm, "--changed-since", "HEAD~1") == (
        "2 converted anew, 0 bundles known; 4 verdicts inherited; 0 jobs run"
    )
    assert (attempts(farm), cells(farm)) == (made, before)
    status = farm.document("status", "tiny")
    assert (status["commit"], status["cells"][0]["last_change"]["commit"]) == (commit, commit)
    cell = status["cells"][0]
    assert (cell["provenance"], cell["observed_at"]) == ("inherited", repository.git("rev-parse", "HEAD~1"))
    assert (cell["unit"], cell["stack"]["driver"]) == ("local", "numpy")
    shown = farm.run_here("status", "tiny").stdout
    assert f"inherited from attempt {cell['attempt']} at {cell['observed_at'][:10]}" in shown


def test_other_weights_are_judged_and_not_timed(copied: Copied) -> None:
    repository, farm = copied
    text = (repository.root / SMALL).read_text()
    text = text.replace("self.conv = Conv2d(3, 16, 3)", SCALED).replace("self.conv(x)", "self.conv(x) * self.scale")
    text = text.replace("from mcore.layers", "import mcore.functional as F\nfrom mcore.layers")
    (repository.root / SMALL).write_text(text)
    first = repository.commit("Scale")
    assert submit(farm, "--name", "wide") == "1 converted anew, 0 bundles known; 0 verdicts inherited; 2 jobs run"
    timed = farm.document("status", "wide")["cells"][0]
    repository.replace(SMALL, "+ 0.5)", "+ 0.25)")
    repository.commit("Halve the scale")
    assert submit(farm, "--name", "wide") == "1 converted anew, 0 bundles known; 0 verdicts inherited; 2 jobs run"
    cell = farm.document("status", "wide")["cells"][0]
    assert (cell["verdict"], cell["provenance"]) == ("SUPPORTED", "observed")
    assert cell["attempt"] != timed["attempt"]
    assert cell["latency_from"]["attempt"] == timed["attempt"]
    assert cell["latency_from"]["observed_at"] == first
    assert [r["latency_ms"] for r in cell["resolutions"]] == [r["latency_ms"] for r in timed["resolutions"]]


SCALED = """self.conv = Conv2d(3, 16, 3)
        self.register_buffer("scale", F.zeros(1, 16, 1, 1) + 0.5)"""


def test_edited_kernels_are_another_stack_until_the_edit_is_gone(copied: Copied, tmp_path: Path) -> None:
    _, farm = copied
    for package in ("farm", "workers", "mcore"):
        shutil.copytree(ROOT / package, tmp_path / "code" / package, ignore=shutil.ignore_patterns("__pycache__"))
    kernels = tmp_path / "code" / "mcore" / "platform" / "runtime" / "__init__.py"
    kernels.write_text(kernels.read_text() + "# An edit.\n")
    edited = Farm(farm.repository, tmp_path, {**farm.environment, "PYTHONPATH": str(tmp_path / "code")})
    before = cells(farm)
    assert submit(edited, "--name", "wide") == "0 converted anew, 1 bundle known; 0 verdicts inherited; 2 jobs run"
    tiny = edited.document("status", "tiny")["cells"][0]
    assert (tiny["verdict"], tiny["provenance"]) == ("SUPPORTED", "stale")
    assert tiny["stack_changes"][0].startswith("runtime ")
    assert "observed on another stack: runtime " in edited.run("status", "tiny").stdout
    assert submit(edited) == "0 converted anew, 3 bundles known; 2 verdicts inherited; 4 jobs run"
    assert submit(farm) == "0 converted anew, 3 bundles known; 6 verdicts inherited; 0 jobs run"
    assert cells(farm) == before


def test_a_failure_is_inherited_until_it_is_due_or_somebody_asks(copied: Copied) -> None:
    repository, farm = copied
    repository.replace("inventory.yaml", "profile: {mode: exact}", "profile: {mode: exact, faults: [nan]}")
    assert submit(farm, code=1).endswith("3 verdicts inherited; 3 jobs run")
    made = attempts(farm)
    said = submit(farm, code=1)
    assert "6 verdicts inherited (3 of them failures, until 2" in said
    assert said.endswith(": --reprove runs them again); 0 jobs run")
    assert attempts(farm) == made
    shown = farm.run_here("status", "tiny").stdout
    assert "on a submission proves it again; before, `farm submit --reprove`" in shown
    assert submit(farm, "--name", "wide", "--reprove", code=1).endswith("1 verdict inherited; 1 job run")
    assert attempts(farm) == made + 2  # a failure is confirmed once
    repository.replace("inventory.yaml", ", faults: [nan]", "")
    assert submit(farm).endswith("6 verdicts inherited; 0 jobs run")
