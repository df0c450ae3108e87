"""The audit's workshop: what endings mean, and which folders stay."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from farm.audit import workshop as workshop_module
from farm.audit.auditor import difference
from farm.audit.workshop import Workshop
from farm.conversion.runner import Surroundings
from farm.conversion.scratch import CONVERSIONS
from farm.conversion.watch import Reach
from farm.conversion.wire import Begun, Event, Item, Result
from farm.source.catalogue import Architecture, Kind
from mcore.platform.format import read_manifest
from tests.acceptance.tiny import FILES
from tests.farm.audit.fakes import reader_of
from tests.farm.conftest import Scratch
from tests.farm.tinyfarm import tiny_inventory
from tests.workers.bundles import branched, pyramid
from workers.artifacts.scratch import Leftovers
from workers.outcome import Cause, Outcome

WIDE = Architecture("wide", Kind.NETWORK, "models.networks.small", "models.networks.small.wide", "small.py", 1)
TINY = Architecture("tiny", Kind.NETWORK, "models.networks.small", "models.networks.small.tiny", "small.py", 9)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    branched().write(folder / "one")
    pyramid().write(folder / "other")
    return folder / "one", folder / "other"


class Played:
    """Children that copy a bundle or end otherwise; what they were given."""

    def __init__(self, endings: dict[str, Path | Result], monkeypatch: pytest.MonkeyPatch) -> None:
        self.endings = endings
        self.items: list[Item] = []
        self.sources: list[Path] = []
        self.surroundings = Surroundings()
        monkeypatch.setattr(workshop_module, "convert_items", self.convert)

    def convert(
        self, source: Path, items: Sequence[Item], limits: object, *, surroundings: Surroundings
    ) -> Iterator[Event]:
        assert (source / "inventory.yaml").is_file()
        self.items += items
        self.sources.append(source)
        self.surroundings = surroundings
        for item in items:
            yield Begun(item.key, "import")
            ending = self.endings[item.key]
            if isinstance(ending, Path):
                shutil.copytree(ending, item.folder)
                yield Result(item.key, 0.1, reached=[Reach("runs", "a.py:1", "<module>")] if item.watch else [])
            else:
                yield ending


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def workshop(said: list[str]) -> Iterator[Workshop]:
    with Workshop(tiny_inventory(), said.append) as made:
        yield made


@pytest.fixture
def reader(scratch: Scratch):
    scratch.commit(FILES)
    return reader_of(scratch)


def test_bundles_become_identities_and_only_kept_ones_stay(
    reader, workshop: Workshop, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    played = Played({"network:wide": bundles[0], "network:tiny": bundles[1]}, monkeypatch)
    tree = reader.repository.tree("HEAD")
    made = workshop.convert(tree, [WIDE, TINY], hash_seed=7)
    assert {key: m.ending for key, m in made.items()} == {
        "network:wide": str(read_manifest(bundles[0]).identity),
        "network:tiny": str(read_manifest(bundles[1]).identity),
    }
    assert played.surroundings.hash_seed == 7
    assert [item.target for item in played.items] == ["models.networks:wide", "models.networks:tiny"]
    assert {m.folder for m in made.values()} == {None}
    assert not any(source.parent.exists() for source in played.sources)
    kept = workshop.convert(tree, [WIDE, TINY], keep=True)
    assert all(m.folder is not None and m.folder.is_dir() for m in kept.values())
    assert not any(source.exists() for source in played.sources)
    assert said[0] == f"farm: network:wide at {tree.key[:10]}: {made['network:wide'].ending[:10]} (0.1 s)"
    assert difference(kept["network:wide"], kept["network:tiny"]).startswith("graph.json: inputs[0].name: ")
    assert difference(kept["network:wide"], kept["network:wide"]) == "not the same every time"


def test_a_refusal_is_an_ending_and_a_death_is_none(
    reader, workshop: Workshop, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    Played(
        {
            "network:wide": Result("network:wide", 0.1, Outcome.MODEL_FAILED, Cause.MODEL_CODE, "it raised"),
            "network:tiny": Result("network:tiny", 0.1, Outcome.CONVERT_FAILED, Cause.UNKNOWN, "SIGSEGV"),
        },
        monkeypatch,
    )
    made = workshop.convert(reader.repository.tree("HEAD"), [WIDE, TINY])
    assert (made["network:wide"].ending, made["network:wide"].message) == ("MODEL_FAILED", "MODEL_FAILED: it raised")
    assert (made["network:tiny"].ending, made["network:tiny"].message) == ("", "CONVERT_FAILED: SIGSEGV")


def test_a_bundle_that_cannot_be_read_says_nothing(
    reader, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    Played({"network:wide": tmp_path / "empty"}, monkeypatch)
    made = workshop.convert(reader.repository.tree("HEAD"), [WIDE])["network:wide"]
    assert made.ending == ""
    assert made.message.startswith("the bundle that was written cannot be read: manifest.json: missing")


def test_what_is_watched_for_is_asked_and_told(
    reader, workshop: Workshop, bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    played = Played({"network:wide": bundles[0]}, monkeypatch)
    made = workshop.convert(reader.repository.tree("HEAD"), [WIDE], watch="models/x.py")
    assert played.items[0].watch == "models/x.py"
    assert made["network:wide"].reached == (Reach("runs", "a.py:1", "<module>"),)


def test_what_a_killed_audit_leaves_is_found_and_what_a_living_one_has_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is held by a process that is no more is one that nobody holds."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Workshop(tiny_inventory(), [].append):
        (folder,) = tmp_path.iterdir()
        os.utime(folder, (1000, 1000))
        assert CONVERSIONS.remove_leftovers() == Leftovers()
        shutil.copytree(folder, tmp_path / f"{folder.name}-left")
        assert CONVERSIONS.remove_leftovers() == Leftovers(folders=1)
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []


def test_of_nothing_nothing_is_made(reader, workshop: Workshop) -> None:
    assert workshop.convert(reader.repository.tree("HEAD"), []) == {}
