"""One thing as a document, of the types that OpenAPI says; checkpoints as the command prints them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from farm.cli import main
from farm.database import models as db
from farm.documents import DOCUMENTS
from farm.documents.details import Attempt, Submission, UnitRecord
from farm.documents.upkeep import Checkpoints, OneCheckpoint
from mcore.checkpoints import CheckpointStore, Metadata
from tests.farm.documents.valid import valid
from tests.farm.tinyfarm import BLOCK
from tests.farm.web.conftest import Pages
from workers.outcome import Outcome


def read(pages: Pages, path: str, kind: type) -> dict[str, Any]:
    answered = pages.client.get(path)
    assert answered.status_code == 200, answered.text
    found = valid(answered.text)
    assert DOCUMENTS[found["schema"]] is kind
    return found


def test_what_a_failure_leaves_behind(pages: Pages) -> None:
    farm = pages.farm
    farm.edit(BLOCK, "channels: int = 8", "channels: int = 16")
    farm.scratch.commit({}, "Widen the block")
    submitted = farm.submit(since="HEAD~1")
    waiting = read(pages, f"/api/submissions/{submitted.submission}", Submission)
    assert (waiting["open"], waiting["left"]["conversions"], waiting["subject"]) == (True, 2, "Widen the block")
    farm.convert()
    farm.judge(Outcome.MISMATCH)
    done = read(pages, f"/api/submissions/{submitted.submission[:12]}", Submission)
    assert (done["open"], len(done["bad"]), done["lanes"][0]["ended"]) == (False, 4, {"done": 2})
    with farm.database.read() as session:
        wrong = session.scalars(select(db.Attempt.id).where(db.Attempt.outcome == Outcome.MISMATCH)).first()
    assert wrong is not None
    attempt = read(pages, f"/api/attempts/{wrong[:12]}", Attempt)
    assert (attempt["attempt"], attempt["outcome"], attempt["job"]["state"]) == (wrong, "MISMATCH", "done")
    assert attempt["cases"][0]["first_divergent_layer"]["module"] == "layer1.0.conv1"
    assert [gate["gate"] for gate in attempt["cases"][0]["tensors"][0]["gates"]] == ["SQNR", "cosine"]
    unit = read(pages, "/api/devices/numpy/units/unit-1", UnitRecord)
    assert (unit["device"], unit["unit"], len(unit["attempts"])) == ("numpy", "unit-1", 7)


def test_checkpoints_are_those_of_the_command(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.delenv("FARM_CHECKPOINTS_DATABASE_URL", raising=False)
    assert read(pages, "/api/checkpoints", Checkpoints)["checkpoints"] == []
    with CheckpointStore(tmp_path / "checkpoints") as store:
        ids = [
            store.add(
                {"fc": np.full(4, score, np.float32)},
                network="tiny",
                kind="network",
                task="segmentation",
                metadata=Metadata(metrics={"miou": score}),
                parts={"fc": "head"},
            ).id
            for score in (0.5, 0.75)
        ]
    found = read(pages, "/api/checkpoints?filter=miou > 0.6", Checkpoints)
    assert [each["id"] for each in found["checkpoints"]] == ids[1:]
    assert len(read(pages, "/api/checkpoints?limit=1", Checkpoints)["checkpoints"]) == 1
    one = read(pages, f"/api/checkpoints/{ids[0]}", OneCheckpoint)
    for command, answered in (("search miou>0.6", found), (f"show {ids[0]}", one)):
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main(["checkpoints", *command.split(), "--json"])
        assert json.loads(capsys.readouterr().out) == answered


def test_an_error_is_a_document(pages: Pages) -> None:
    for path, status, said in (
        ("/api/attempts/zzz", 404, "no attempt named"),
        ("/api/submissions/zzz", 404, "no submission named"),
        ("/api/devices/numpy/units/unit-2", 404, "did you mean unit-1?"),
        ("/api/checkpoints/zzz", 404, "no checkpoint named"),
        ("/api/checkpoints?filtre=x", 422, "filtre"),
    ):
        answered = pages.client.get(path)
        assert (answered.status_code, answered.json()["schema"]) == (status, "farm-error/1")
        assert said in answered.json()["error"]


def test_a_filter_that_does_not_parse_names_the_column(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path))
    (tmp_path / "networks").mkdir()
    answered = pages.client.get("/api/checkpoints", params={"filter": "task = = x"})
    assert answered.status_code == 422
    assert answered.json()["error"].startswith("filter, column 8: ")
