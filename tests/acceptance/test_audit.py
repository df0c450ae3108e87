"""``farm audit`` with real conversions: a seeded miss is found, named, answered by the breaker, and closed when mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.farm_processes import Farm, ModelRepository
from tests.acceptance.hidden import HIDDEN, NETWORK, PART, write_hidden
from tests.acceptance.tiny import write_tiny
from tests.farm.documents.valid import valid

pytestmark = pytest.mark.timeout(600)
CALL = next(n for n, line in enumerate(NETWORK.splitlines(), 1) if "Conv2d(3, WIDTH()" in line)


def test_a_miss_from_the_first_sign_to_the_last(tmp_path: Path) -> None:
    repository = ModelRepository(tmp_path / "repository", write_hidden)
    farm = Farm(repository.root, tmp_path, {"FARM_CACHE": str(tmp_path / "cache")})
    assert farm.run_here("submit", "--all").returncode == 0
    base = repository.git("rev-parse", "HEAD")
    repository.replace(PART, "COUNT = 4", "COUNT = 5")
    repository.replace("models/basicblocks/block.py", "channels, 3, padding=1", "channels, 5, padding=2")
    commit = repository.commit("Change what is hidden, and what is not")
    assert "2 of 4 architectures selected" in farm.run_here("submit", "--changed-since", "HEAD~1").stderr

    done = farm.run_here("audit", "--json")
    assert done.returncode == 1, done.stderr
    assert f"4 to convert at {commit[:10]}, 0 at {base[:10]}" in done.stderr  # what was submitted is known
    document = valid(done.stdout)
    assert document["schema"] == "farm-audit/1"
    assert {k: document[k] for k in ("judged", "changed", "selected", "hits", "precision")} == {
        "judged": 4, "changed": 3, "selected": 2, "hits": 2, "precision": 1.0,
    }  # fmt: skip
    (miss,) = document["misses"]
    assert (miss["name"], miss["commit"], miss["base"], miss["files"]) == ("hidden", commit, base, [PART])
    assert miss["edge"] == f"{HIDDEN}:{CALL} reaches {PART}:COUNT at run time, and no edge says so"
    assert miss["difference"] == "graph.json: nodes[0].outputs[0].shape[1]: 6 and 7"

    plan = farm.document("plan", "--changed-since", "HEAD~1")
    reasons = {a["name"]: a["reason"] for a in plan["architectures"]}
    assert reasons["wide"] == (
        f"everything is selected: the selector missed network:hidden at commit {commit[:10]}, incident 1; "
        "fix it, then run farm audit"
    )
    submitted = farm.run_here("submit", "--changed-since", "HEAD~1")
    assert "4 of 4 architectures selected" in submitted.stderr
    assert "4 to convert, 0 known" in submitted.stderr

    repository.replace(
        HIDDEN,
        'WIDTH = pickle.loads(b"cmodels.parts.four\\nchannels\\n.")',
        "from models.parts.four import channels as WIDTH",
    )
    repository.commit("Say what is reached")
    mended = farm.run("audit")
    assert mended.returncode == 0, mended.stdout
    assert (
        "incident 1 is fixed: the selection sees now that network:hidden reaches models/parts/four.py" in mended.stdout
    )
    plan = farm.document("plan", "--changed-since", "HEAD~1")
    assert [a["name"] for a in plan["architectures"] if a["selected"]] == ["hidden"]
    history = farm.document("audit", "--history")
    assert history["schema"] == "farm-audit-history/1"
    assert [(a["recall"], a["precision"]) for a in history["audits"]] == [(None, 0.0), (2 / 3, 1.0)]
    assert history["incidents"][0]["fixed"] is not None


def test_a_network_that_differs_each_time_is_no_miss(tmp_path: Path) -> None:
    def write(root: Path) -> None:
        write_tiny(root)
        small = root / "models/networks/small.py"
        text = small.read_text().replace(
            "Conv2d(3, 16, 3)", "Conv2d(3, 16, 3)\n        self.drawn = __import__('os').urandom(3)"
        )
        small.write_text(
            text.replace("return self.conv(x)", "return self.conv(x) + int.from_bytes(self.drawn) / 2**24")
        )

    repository = ModelRepository(tmp_path / "repository", write)
    farm = Farm(repository.root, tmp_path, {})
    (repository.root / "README.md").write_text("words\n")
    repository.commit("Say")
    done = farm.run_here("audit")
    assert done.returncode == 1
    assert "not judged: network:wide: conversions of the same code differ: graph.json: nodes[1]" in done.stdout
    assert "selector miss" not in done.stdout
    assert farm.document("audit", "--history")["incidents"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "HEAD"),
        (["--since", "nowhere"], 4, "nowhere"),
        (["--sample", "0"], 2, "--sample"),
        (["--close", "1"], 2, "--close ID and --reason TEXT belong together"),
        (["--close", "1", "--reason", "x"], 4, "no open incident named '1'"),
        (["--history", "--close", "1", "--reason", "x"], 2, "belong together"),
    ],
)
def test_a_bad_request_is_one_line(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    repository = ModelRepository(tmp_path / "repository", write_tiny)
    ended, out, errors = Farm(repository.root, tmp_path, {}).here("audit", *arguments)
    assert (ended, said in errors) == (code, True), errors
    assert "Traceback" not in errors
    assert out == ""


def test_without_any_audit_there_is_no_history(tmp_path: Path) -> None:
    repository = ModelRepository(tmp_path / "repository", write_tiny)
    done = Farm(repository.root, tmp_path, {}).run_here("audit", "--history")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "farm: nothing was audited yet\n")
