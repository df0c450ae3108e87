import os
import time

import pytest

from workers.artifacts import cache as cache_module
from workers.artifacts.cache import DEFAULT_LIMIT_BYTES, IN_USE_S, discard, evict


def folder(root, name: str, age_s: float, size: int = 100):
    path = root / name
    (path / "samples").mkdir(parents=True)
    (path / "samples/a").write_bytes(bytes(size))
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def left(root):
    return {p.name for p in root.iterdir()}


def test_the_least_recently_used_goes_first(tmp_path):
    for name, age in (("b", 300), ("a", 200), ("c", 100)):
        folder(tmp_path, name, age)
    evict(tmp_path, keep=tmp_path / "none", limit_bytes=250, in_use_s=0)
    assert left(tmp_path) == {"a", "c"}
    evict(tmp_path, keep=tmp_path / "a", limit_bytes=100, in_use_s=0)
    assert left(tmp_path) == {"a"}


def test_nothing_goes_while_it_fits(tmp_path):
    for name in "abc":
        folder(tmp_path, name, 10 * IN_USE_S)
    evict(tmp_path, keep=tmp_path / "a", limit_bytes=300, in_use_s=0)
    assert left(tmp_path) == {"a", "b", "c"}


def test_what_is_kept_or_in_use_stays_beyond_the_limit(tmp_path):
    folder(tmp_path, "kept", 1000)
    folder(tmp_path, "used", 30)
    folder(tmp_path, "idle", 100)
    evict(tmp_path, keep=tmp_path / "kept", limit_bytes=0, in_use_s=60)
    assert left(tmp_path) == {"kept", "used"}


def test_what_a_killed_process_left_goes_when_it_is_old(tmp_path):
    for name in (".x.0.tmp", ".x.1.old"):
        folder(tmp_path, name, 100)
    folder(tmp_path, ".y.0.tmp", 10)
    folder(tmp_path, ".locks", 100)
    evict(tmp_path, keep=tmp_path / "none", limit_bytes=DEFAULT_LIMIT_BYTES, in_use_s=60)
    assert left(tmp_path) == {".y.0.tmp", ".locks"}


def test_a_bundle_leaves_in_one_step(tmp_path, monkeypatch):
    path = folder(tmp_path, "a", 0)
    seen = []
    monkeypatch.setattr(cache_module.shutil, "rmtree", lambda f: seen.append((f.name[:3], path.exists(), f.exists())))
    discard(path)
    assert seen == [(".a.", False, True)]


def test_what_another_process_removed_is_no_error(tmp_path):
    discard(tmp_path / "gone")
    gone = folder(tmp_path, "a", 0)
    folder(tmp_path, "b", 0)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    discard(gone)
    evict(tmp_path, keep=tmp_path / "b", limit_bytes=0, in_use_s=0)
    assert "b" in left(tmp_path)


@pytest.mark.parametrize("limit", [0, 1 << 40])
def test_an_empty_cache(tmp_path, limit):
    evict(tmp_path, keep=tmp_path / "a", limit_bytes=limit, in_use_s=0)
    assert left(tmp_path) == set()
