"""Names of files: those that are made are found, and no others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.checkpoints import CheckpointError, layout

NAMES = st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.+=-]{0,20}\Z")
ID = "20260101T000000000-0123abcd"


@given(st.sampled_from(("network", "backbone")), NAMES, NAMES)
def test_paths_that_are_made_are_known_again(kind: str, task: str, network: str) -> None:
    home = layout.home(kind, "" if kind == "backbone" else task, network)
    assert layout.is_pack(layout.pack_of(home, ID))
    assert layout.is_document(layout.document_of(home, ID))
    assert not layout.is_pack(layout.state_of(home, ID))
    assert not layout.is_pack(layout.document_of(home, ID))


@pytest.mark.parametrize(
    "path",
    [
        f"../backbones/a/weights/{ID}.safetensors",
        f"backbones/../weights/{ID}.safetensors",
        f"backbones/a/b/weights/{ID}.safetensors",
        f"/backbones/a/weights/{ID}.safetensors",
        f"backbones/a/weights/{ID}.safetensors\n",
        "backbones/a/weights/model.safetensors",
        f"networks/a/weights/{ID}.safetensors",
        f"backbones/.hidden/weights/{ID}.safetensors",
        "",
    ],
)
def test_no_other_path_is_followed(path: str) -> None:
    assert not layout.is_pack(path)


@pytest.mark.parametrize("name", ["", "..", ".a", "a/b", "a b", "a\n", "é", "-a", "a\0"])
def test_no_other_name_is_a_folder(name: str) -> None:
    with pytest.raises(CheckpointError, match="no name"):
        layout.home("network", "t", name)


def test_ids_sort_by_time() -> None:
    start = datetime(2026, 1, 1, 23, 59, 59, 998_500, tzinfo=UTC)
    ids = [layout.new_id(start + timedelta(milliseconds=n)) for n in range(4)]
    assert ids == sorted(ids)


def test_what_lies_about_is_not_found(tmp_path: Path) -> None:
    home = tmp_path / "networks/t/net"
    for path in (
        home / f"weights/{ID}.safetensors",
        home / f"weights/{ID}.state.safetensors",
        home / f"metadata/{ID}.json",
        home / f"metadata/.{ID}.json.0123.tmp",
        home / "weights/foreign.safetensors",
        home / "metadata/README.json",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    (home / "metadata/20260101T000000000-ffffffff.json").symlink_to(home / f"metadata/{ID}.json")
    assert [path for _, path in layout.documents(tmp_path)] == [f"networks/t/net/metadata/{ID}.json"]
    assert [path for _, path in layout.packs(tmp_path)] == [f"networks/t/net/weights/{ID}.safetensors"]
    assert [path for _, path in layout.states(tmp_path)] == [f"networks/t/net/weights/{ID}.state.safetensors"]
    assert list(layout.leftovers(tmp_path)) == [(ID, f"networks/t/net/metadata/.{ID}.json.0123.tmp")]
