"""Checkpoints as pages: found by the filter of the URL, and one whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcore.checkpoints import Checkpoint, CheckpointStore, Metadata
from tests.farm.web.conftest import Pages

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Checkpoint]:
    """Three checkpoints: two of the network ``tiny``, which share a tensor, and one of another."""
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.delenv("FARM_CHECKPOINTS_DATABASE_URL", raising=False)
    backbone = np.ones((8, 3, 3, 3), np.float32)
    with CheckpointStore(tmp_path / "checkpoints") as store:
        return [
            store.add(
                {"backbone.conv": backbone, "head.fc": np.full((4, 8), score, np.float32)},
                network=network,
                kind="network",
                task="segmentation",
                metadata=Metadata(
                    metrics={"miou": score}, dataset=HOSTILE, notes={"a": [HOSTILE]}, tags=("release",), parent="x"
                ),
                parts={"backbone.conv": "backbone", "head.fc": "head"},
            )
            for network, score in (("tiny", 0.5), ("tiny", 0.75), ("UNet", 0.9))
        ]


def test_the_filter_of_the_url_finds_them(pages: Pages, stored: list[Checkpoint]) -> None:
    first, second, other = (each.id for each in stored)
    page = pages.html("/checkpoints")
    assert page.index(other) < page.index(second) < page.index(first)  # the newest first
    assert "3 found" in page
    assert "<script" not in page
    page = pages.html("/checkpoints", filter="network = tiny and miou > 0.6")
    assert (first in page, second in page, other in page) == (False, True, False)
    assert 'value="network = tiny and miou &gt; 0.6"' in page
    page = pages.html("/checkpoints", filter="order by miou limit 1")
    assert (first in page, second in page) == (True, False)
    assert "None that the filter finds." in pages.html("/checkpoints", filter="miou > 2")


def test_a_mistake_is_shown_with_its_column(pages: Pages, stored: list[Checkpoint]) -> None:
    for asked, column, said in (
        ("task = 'segmentation' and mioo > 1", 27, "there is no field &#39;mioo&#39;; did you mean metrics.miou?"),
        ("  task = = x", 8, ""),
        (HOSTILE, 1, ""),
        ("limit", 6, ""),
    ):
        page = pages.html("/checkpoints", filter=asked)
        assert f"filter, column {column}: " in page
        assert said in page
        pointed = page.partition("<pre>")[2].partition("</pre>")[0]
        assert pointed.endswith("\n" + " " * (column - 1) + "^")
        assert "limit 201" not in page
        assert "<script" not in page


def test_one_checkpoint_has_all_that_is_known_of_it(pages: Pages, stored: list[Checkpoint]) -> None:
    page = pages.html(f"/checkpoint/{stored[1].id}")
    for said in ('<td class="r">0.75</td>', "release", "farm checkpoints export", "1 of them", "&lt;script&gt;"):
        assert said in page, said
    assert "<script" not in page
    answered = pages.client.get(f"/checkpoint/{stored[1].id[:-1]}z")
    assert answered.status_code == 404
    assert f"did you mean {stored[1].id}" in answered.text


def test_an_architecture_names_its_checkpoints(pages: Pages, stored: list[Checkpoint]) -> None:
    page = pages.html("/architecture/network/tiny")
    assert [each.id in page for each in stored] == [True, True, False]
    assert "None of it is in the store." in pages.html("/architecture/network/wide")
    assert 'id="checkpoints"' not in pages.html("/architecture/block/Block")


def test_without_a_store_there_is_none(pages: Pages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FARM_CHECKPOINTS", str(tmp_path / "empty"))
    assert "There is no store" in pages.html("/checkpoints")
    assert not (tmp_path / "empty").exists()  # looking makes nothing


def test_an_index_that_cannot_be_read_is_said_in_one_line(
    pages: Pages, stored: list[Checkpoint], tmp_path: Path
) -> None:
    (tmp_path / "checkpoints" / "checkpoints.sqlite").write_bytes(b"no database" * 100)
    answered = pages.client.get("/checkpoints")
    assert answered.status_code == 503
    assert "cannot be used: file is not a database" in answered.text
