"""Stores and a cache under any order of puts, reads, damage, eviction and collection, against what they should hold."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from tests.mcore.platform.format.networks import small_bundle
from workers.artifacts import ArtifactCorrupt, ArtifactMissing, FolderStore, hold_bundle, push_bundle
from workers.artifacts.cache import FILES, evict, size_bytes
from workers.artifacts.store import MARK_SHA256, object_name


@pytest.fixture(scope="module", autouse=True)
def _made(tmp_path_factory):
    """Three bundles that share all but their manifests."""
    StoreAndCache.made = tmp_path_factory.mktemp("bundles")
    for number in range(3):
        small_bundle(StoreAndCache.made / str(number), commit=str(number))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


class StoreAndCache(RuleBasedStateMachine):
    """``intact`` is what the store must give back; ``open`` are bundles that somebody holds, of those that were ``made``."""

    made: ClassVar[Path]
    pushed = Bundle("pushed")
    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="machine-"))
        self.store, self.cache = FolderStore(self.root / "store"), self.root / "cache"
        self.store.put(b"")
        self.intact: set[str] = {hashlib.sha256(b"").hexdigest()}
        self.damaged: set[str] = set()
        self.open: dict[str, int] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.root)

    @rule(target=pushed, number=st.integers(0, 2))
    def push(self, number: int) -> tuple[str, int]:
        manifest = push_bundle(self.store, self.made / str(number))
        files = {hashlib.sha256(data).hexdigest() for data in contents(self.made / str(number)).values()} | {
            MARK_SHA256
        }
        self.intact |= files
        self.damaged -= files
        return manifest, number

    @rule(target=holds, bundle=pushed, limit=st.sampled_from([0, 5_000, 1 << 30]))
    def hold(self, bundle: tuple[str, int], limit: int):
        return self._hold(bundle, limit)

    def _hold(self, bundle: tuple[str, int], limit: int):
        manifest, number = bundle
        wanted = {hashlib.sha256(data).hexdigest() for data in contents(self.made / str(number)).values()}
        stack = ExitStack()
        try:
            folder = stack.enter_context(hold_bundle(self.store, manifest, self.cache, limit_bytes=limit))
        except (ArtifactMissing, ArtifactCorrupt):
            assert wanted - self.intact, "all of it was there"
            self._see_damage()
            return stack, "", number
        assert contents(folder) == contents(self.made / str(number))
        self.open[manifest] = self.open.get(manifest, 0) + 1
        return stack, manifest, number

    @rule(bundle=pushed)
    def use(self, bundle: tuple[str, int]) -> None:
        """Hold it for a moment."""
        self._release(self._hold(bundle, 1 << 30))

    @rule(hold=consumes(holds))
    def release(self, hold) -> None:
        self._release(hold)

    def _release(self, hold) -> None:
        stack, manifest, number = hold
        if manifest:
            assert contents(self.cache / manifest) == contents(self.made / str(number)), "taken from who held it"
            self.open[manifest] -= 1
        stack.close()

    @precondition(lambda self: self.intact)
    @rule(data=st.data(), how=st.sampled_from(["flip", "cut", "grow", "gone"]))
    def damage_the_store(self, data, how: str) -> None:
        sha256 = data.draw(st.sampled_from(sorted(self.intact)))
        path = self.store.root / object_name(sha256)
        whole = path.read_bytes()
        path.unlink()
        if how != "gone":
            changed = {"flip": bytes([whole[0] ^ 1]) + whole[1:] if whole else b"x", "cut": whole[:-1]}
            path.write_bytes(changed.get(how, whole + b"x") if whole else b"x")
            self.damaged.add(sha256)
        self.intact.discard(sha256)

    @precondition(lambda self: not any(self.open.values()) and (self.cache / FILES).exists())
    @rule(data=st.data(), how=st.sampled_from(["flip", "flip", "gone", "part"]))
    def damage_the_cache(self, data, how: str) -> None:
        files = sorted((self.cache / FILES).glob("*"))
        if not files:
            return
        path = data.draw(st.sampled_from(files))
        if how == "gone":
            path.unlink()
        elif how == "flip" and path.stat().st_size:
            path.chmod(0o644)
            path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
        elif how == "part" and path.suffix != ".part":
            path.rename(path.with_name(f"{path.name}.part"))
            os.truncate(path.with_name(f"{path.name}.part"), 10)

    @rule(limit=st.sampled_from([0, 3_000]))
    def evict(self, limit: int) -> None:
        evict(self.cache, limit_bytes=limit)
        if not any(self.open.values()):
            assert size_bytes(self.cache) <= limit

    @rule(data=st.data())
    def collect(self, data) -> None:
        names = [entry.name for entry in self.store.list()]
        doomed = data.draw(st.lists(st.sampled_from(names), unique=True)) if names else []
        self.store.remove(doomed)
        gone = {name.rpartition("/")[2] for name in doomed if name.startswith("sha256/")}
        self.intact -= gone
        self.damaged -= gone

    @invariant()
    def the_store_lists_what_it_has(self) -> None:
        listed = {entry.sha256 for entry in self.store.list() if entry.sha256}
        assert self.intact <= listed <= self.intact | self.damaged

    @invariant()
    def held_bundles_are_whole(self) -> None:
        for manifest, count in self.open.items():
            assert not count or (self.cache / manifest / "manifest.json").exists()

    @rule(data=st.data())
    def read(self, data) -> None:
        sha256 = data.draw(st.sampled_from(sorted(self.intact | self.damaged | {"0" * 64})))
        if sha256 in self.intact:
            assert hashlib.sha256(self.store.get(sha256)).hexdigest() == sha256
            return
        with pytest.raises((ArtifactCorrupt, ArtifactMissing)):
            self.store.get(sha256)
        self._see_damage()

    def _see_damage(self) -> None:
        """What a reader found to be damaged was set aside."""
        self.damaged = {sha256 for sha256 in self.damaged if self.store.has(sha256)}


TestStoreAndCache = StoreAndCache.TestCase
TestStoreAndCache.settings = settings(max_examples=30, stateful_step_count=30)
