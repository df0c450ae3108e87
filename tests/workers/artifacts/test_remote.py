import hashlib
import socket

import pytest

from tests.workers.artifacts.servers import serving
from workers.artifacts import (
    ArtifactCorrupt,
    ArtifactMissing,
    ArtifactReadOnly,
    ArtifactUnavailable,
    FolderStore,
    open_store,
)
from workers.artifacts.remote import RemoteStore
from workers.artifacts.store import object_name

SHA = hashlib.sha256(b"content").hexdigest()


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def web(server):
    """A store behind a plain web server, with one artifact."""
    server.objects[f"/artifacts/{object_name(SHA)}"] = b"content"
    return open_store(f"{server.url}/artifacts")


@pytest.fixture
def s3(server, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT": server.url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    return open_store("s3://bucket/farm")


def test_a_web_server_is_read_from(web):
    assert web.get(SHA) == b"content"
    assert web.has(SHA)
    assert not web.has("0" * 64)
    with pytest.raises(ArtifactMissing, match=f"artifact {'0' * 64} is not in http://127.0.0.1"):
        web.get("0" * 64)


def test_a_web_server_takes_nothing(web, server):
    with pytest.raises(ArtifactReadOnly, match="is read-only; artifacts are put to a folder or to s3://"):
        web.put(b"other")
    assert not [request for request in server.log if request[0] == "PUT"]


def test_a_folder_store_can_be_served_as_it_lies(server, tmp_path):
    folder = FolderStore(tmp_path)
    sha256 = folder.put(b"served")
    server.objects = {f"/{p.relative_to(tmp_path)}": p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert open_store(server.url).get(sha256) == b"served"


@pytest.mark.parametrize("damage", [b"", b"conten", b"Content"])
def test_damage_is_seen(web, server, damage):
    server.objects[f"/artifacts/{object_name(SHA)}"] = damage
    with pytest.raises(ArtifactCorrupt, match=f"artifact {SHA} in http.* is damaged"):
        web.get(SHA)


def test_what_is_too_long_is_not_taken(web):
    assert web.get(SHA, limit=7) == b"content"
    with pytest.raises(ArtifactCorrupt, match="has 7 bytes, 6 at most"):
        web.get(SHA, limit=6)


def test_a_failure_that_passes_is_retried(web, server):
    server.failures = [500, 503]
    assert web.get(SHA) == b"content"
    assert server.log.count(("GET", f"/artifacts/{object_name(SHA)}")) == 3


def test_a_failure_that_stays_is_the_stores(web, server):
    server.failures = [500] * 20
    with pytest.raises(ArtifactUnavailable, match=r"the artifact store http.* cannot be used") as caught:
        web.get(SHA)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_the_stores(web, server, status):
    server.failures = [status] * 20
    with pytest.raises(ArtifactUnavailable):
        web.get(SHA)
    with pytest.raises(ArtifactUnavailable):
        web.has(SHA)


def test_an_answer_that_breaks_off_is_no_artifact(web, server):
    server.cut_after = 3
    with pytest.raises(ArtifactUnavailable):
        web.get(SHA)


def test_a_server_that_is_away_is_unavailable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        store = open_store(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(ArtifactUnavailable):
            store.get(SHA)
        with pytest.raises(ArtifactUnavailable):
            store.has(SHA)


def test_names_are_checked_before_anything_is_sent(web, server):
    for call in (web.get, web.has):
        with pytest.raises(ValueError, match="is not a sha256"):
            call("../secret")
    assert server.log == []


def test_a_url_that_the_library_cannot_take():
    with pytest.raises(ValueError, match=r"'http://\[bad' is no artifact store"):
        RemoteStore("http://[bad", read_only=True)


def test_a_bucket_keeps_artifacts(s3, server):
    assert s3.put(memoryview(b"content")) == SHA
    assert list(server.objects) == [f"/bucket/farm/{object_name(SHA)}"]
    assert s3.get(SHA) == b"content"
    assert s3.has(SHA)
    assert not s3.has("0" * 64)
    with pytest.raises(ArtifactMissing):
        s3.get("0" * 64)


def test_an_artifact_that_is_there_is_not_overwritten(s3, server):
    s3.put(b"content")
    server.objects[f"/bucket/farm/{object_name(SHA)}"] = b"CONTENT"
    assert s3.put(b"content") == SHA
    assert server.objects[f"/bucket/farm/{object_name(SHA)}"] == b"CONTENT"


def test_half_an_artifact_is_replaced(s3, server):
    server.objects[f"/bucket/farm/{object_name(SHA)}"] = b"cont"
    with pytest.raises(ArtifactCorrupt):
        s3.get(SHA)
    s3.put(b"content")
    assert s3.get(SHA) == b"content"
