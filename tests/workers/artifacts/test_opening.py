import hashlib

import pytest

from workers.artifacts import FolderStore, open_store
from workers.artifacts.remote import RemoteStore
from workers.artifacts.store import object_name

SHA = hashlib.sha256(b"x").hexdigest()


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}"])
def test_folders(tmp_path, form):
    root = tmp_path / "a b"
    store = open_store(form.format(str(root).replace(" ", "%20") if "file:" in form else root))
    assert isinstance(store, FolderStore)
    assert store.root == root
    assert open_store(root).put(b"x") == SHA
    assert store.get(SHA) == b"x"


def test_a_relative_path_is_one_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = open_store("artifacts")
    monkeypatch.chdir("/")
    store.put(b"x")
    assert (tmp_path / "artifacts" / object_name(SHA)).read_bytes() == b"x"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a", "https://example.org/artifacts", "s3://bucket/prefix"])
def test_remote_stores(url):
    store = open_store(url)
    assert isinstance(store, RemoteStore)
    assert str(store) == url
    assert store.read_only == (not url.startswith("s3"))


@pytest.mark.parametrize("url", ["ftp://host/x", "file://host/share", "s3://", "https:///x", "redis://localhost/0"])
def test_other_urls_are_no_stores(url):
    with pytest.raises(ValueError, match="is no artifact store; use a path, file:///path, s3://"):
        open_store(url)
