import hashlib
import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
import time

import pytest

from tests.workers.artifacts.servers import S3Server, serving
from workers.artifacts import (
    ArtifactCorrupt,
    ArtifactMissing,
    ArtifactReadOnly,
    ArtifactUnavailable,
    FolderStore,
    access,
    open_store,
)
from workers.artifacts.store import object_name

SHA = hashlib.sha256(b"content").hexdigest()


@pytest.fixture
def web(server):
    """A store behind a plain web server, with one artifact."""
    server.objects[f"/artifacts/{object_name(SHA)}"] = b"content"
    return open_store(f"{server.url}/artifacts")


@pytest.fixture
def s3(bucket):
    return open_store(f"s3://{bucket[1]}/farm")


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
    said = set()
    for _ in range(3):
        with pytest.raises(ArtifactUnavailable, match=f": {status} ") as caught:
            web.get(SHA)
        said.add(str(caught.value))
    assert len(said) == 1  # what keeps failing for one reason stands in a history once
    with pytest.raises(ArtifactUnavailable, match=f": {status} "):
        web.has(SHA)


def test_an_answer_that_breaks_off_is_no_artifact(web, server):
    server.cut_after = 1
    with pytest.raises(ArtifactUnavailable):
        web.get(SHA)
    server.cut_after = 3  # which it takes three answers for
    assert web.get(SHA) == b"content"


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
        open_store("http://[bad")
    with pytest.raises(ValueError, match="'http://host:port' is no artifact store"):
        open_store("http://host:port")


def test_a_server_that_redirects_is_followed(web, server):
    server.objects["/elsewhere"] = b"content"
    server.redirects[f"/artifacts/{object_name(SHA)}"] = "/elsewhere"
    assert web.get(SHA) == b"content"
    server.redirects["/elsewhere"] = "/elsewhere"
    with pytest.raises(ArtifactUnavailable, match="redirect"):
        web.get(SHA)


def test_a_stream_begins_where_it_is_asked_to(web, server):
    stream = web.stream(SHA, start=3)
    assert (stream.start, stream.size_bytes, b"".join(stream.chunks)) == (3, 7, b"tent")
    assert server.ranges == ["bytes=3-"]


def test_a_server_without_ranges_sends_the_whole(web, server):
    server.takes_ranges = False
    stream = web.stream(SHA, start=3)
    assert (stream.start, stream.size_bytes, b"".join(stream.chunks)) == (0, 7, b"content")


def test_a_server_that_goes_silent_is_unavailable(web, server, monkeypatch):
    monkeypatch.setitem(access.CLIENT, "read_timeout", "300ms")
    monkeypatch.setitem(access.RETRIES, "max_retries", 1)
    server.cut_after, server.stall_s = 3, 30
    store = open_store(f"{server.url}/artifacts")
    began = time.monotonic()
    with pytest.raises(ArtifactUnavailable):
        store.get(SHA)
    assert time.monotonic() - began < 10


def test_an_authority_of_ones_own_is_trusted_when_named(tmp_path, monkeypatch):
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run(
        ["openssl", *request.split(), *more, "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with serving(context) as server:
        server.objects[f"/{object_name(SHA)}"] = b"content"
        monkeypatch.setitem(access.RETRIES, "max_retries", 0)
        with pytest.raises(ArtifactUnavailable):
            open_store(server.url).get(SHA)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert open_store(server.url).get(SHA) == b"content"
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(ValueError, match=r"SSL_CERT_FILE: .*none.pem cannot be read: No such file"):
        open_store("https://127.0.0.1:9")


def test_a_web_server_is_neither_listed_nor_changed(web):
    for call in (lambda: list(web.list()), lambda: web.remove([object_name(SHA)]), web.owners):
        with pytest.raises(ArtifactReadOnly):
            call()
    with pytest.raises(ArtifactReadOnly):
        web.register("a" * 32)


def test_a_bucket_keeps_artifacts(s3, bucket):
    assert s3.put(memoryview(b"content")) == SHA == s3.put(b"content")
    assert [entry.name for entry in open_store(f"s3://{bucket[1]}/farm").list()] == [object_name(SHA)]
    assert s3.get(SHA) == b"content"
    assert s3.has(SHA)
    assert not s3.has("0" * 64)
    with pytest.raises(ArtifactMissing):
        s3.get("0" * 64)
    with pytest.raises(ArtifactCorrupt, match="has 7 bytes, 6 at most"):
        s3.get(SHA, limit=6)


def test_a_large_artifact_goes_in_one_piece_and_comes_in_parts(s3):
    data = random.Random(5).randbytes(11 << 20)
    sha256 = s3.put(data)
    assert s3.get(sha256) == data
    stream = s3.stream(sha256, start=10 << 20)
    assert (stream.start, stream.size_bytes) == (10 << 20, len(data))
    assert b"".join(stream.chunks) == data[10 << 20 :]


@pytest.mark.parametrize("damage", [b"CONTENT", b"cont", b""])
def test_damage_in_a_bucket_is_replaced_and_a_copy_kept(s3, bucket, damage):
    server, name = bucket
    server.raw_put(f"{name}/farm/{object_name(SHA)}", damage)
    with pytest.raises(ArtifactCorrupt):
        s3.get(SHA)
    s3.put(b"content")
    assert s3.get(SHA) == b"content"
    (aside,) = [entry for entry in s3.list() if entry.sha256 is None]
    assert aside.name.startswith(f"damaged/{SHA}.")
    assert aside.size_bytes == len(damage)
    s3.remove([aside.name])
    assert [entry.name for entry in s3.list()] == [object_name(SHA)]


def test_hostile_names_in_a_bucket_are_passed_over(s3, bucket):
    server, name = bucket
    s3.put(b"content")
    hostile = [
        f"sha256/{SHA[:2]}/{SHA.upper()}",
        f"sha256/00/{SHA}",
        f"sha256/{SHA[:2]}/{SHA}/more",
        "sha256/ab/-rf",
        "damaged/x",
    ]
    for path in hostile:
        server.raw_put(f"{name}/farm/{path}", b"x")
    assert [entry.name for entry in s3.list()] == [object_name(SHA)]
    with pytest.raises(ValueError, match="is not the name of an artifact"):
        s3.remove(["sha256/../../etc/passwd"])


def test_a_way_out_of_a_bucket_stops_the_listing_and_is_named(s3, bucket):
    server, name = bucket
    s3.put(b"content")
    server.raw_put(f"{name}/farm/sha256/%2e%2e/%2e%2e/etc/%1b%5b2J", b"x")
    with pytest.raises(ArtifactUnavailable, match=r"sha256/\.\./\.\./etc/") as caught:
        list(s3.list())
    assert str(caught.value).isprintable()
    assert s3.get(SHA) == b"content"


def test_a_bucket_knows_whose_artifacts_it_has(s3):
    assert s3.owners() == set()
    for owner in ("a" * 32, "b" * 32, "a" * 32):
        s3.register(owner)
    assert s3.owners() == {"a" * 32, "b" * 32}
    assert list(s3.list()) == []


def test_a_listing_goes_over_many_pages(s3):
    names = {object_name(s3.put(str(i).encode())) for i in range(30)}
    assert {entry.name for entry in s3.list()} == names
    s3.remove(sorted(names))
    s3.remove(sorted(names))
    assert list(s3.list()) == []


def test_a_bucket_that_is_not_there_is_no_missing_artifact(bucket):
    store = open_store("s3://no-such-bucket/farm")
    for call in (lambda: store.get(SHA), lambda: store.put(b"content"), lambda: list(store.list())):
        with pytest.raises(ArtifactUnavailable, match=r"s3://no-such-bucket/farm does not exist; is the bucket made\?"):
            call()


def test_many_processes_put_the_same_into_a_bucket(s3, bucket):
    program = (
        "import sys\n"
        "from workers.artifacts import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "print(store.put(sys.stdin.buffer.read()))\n"
    )
    data = random.Random(6).randbytes(300_000)
    command = [sys.executable, "-c", program, s3.url]
    made = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(3)]
    for process in made:
        process.stdin.write(data)
    said = [process.communicate()[0].strip().decode() for process in made]
    assert said == [hashlib.sha256(data).hexdigest()] * 3
    assert s3.get(said[0]) == data
    assert len(list(s3.list())) == 1


def test_a_writer_killed_in_the_middle_leaves_nothing(s3, bucket):
    """Through a pipe that takes half of it and then holds still."""
    server, _ = bucket
    with socket.create_server(("127.0.0.1", 0)) as door:
        program = (
            "import sys\nfrom workers.artifacts import open_store\nopen_store(sys.argv[1]).put(b'x' * (32 << 20))\n"
        )
        endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{door.getsockname()[1]}"}
        process = subprocess.Popen([sys.executable, "-c", program, s3.url], env={**os.environ, **endpoint})
        door.settimeout(60)
        client, _ = door.accept()
        with client, socket.create_connection(("127.0.0.1", server.port)) as onward:
            taken = 0
            while taken < 1 << 20:
                taken += len(data := client.recv(1 << 16))
                onward.sendall(data)
            process.kill()
            process.wait()
    sha256 = hashlib.sha256(b"x" * (32 << 20)).hexdigest()
    assert not s3.has(sha256)
    assert list(s3.list()) == []


def test_a_server_that_is_killed_and_comes_back(monkeypatch):
    monkeypatch.setitem(access.RETRIES, "max_retries", 1)
    server = S3Server()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    store = open_store("s3://bucket/farm")
    for _ in range(2):
        server.start()
        server.make_bucket("bucket")
        assert not store.has(SHA)
        store.put(b"content")
        assert store.get(SHA) == b"content"
        server.kill()
        for call in (lambda: store.get(SHA), lambda: store.put(b"content"), lambda: store.has(SHA)):
            with pytest.raises(ArtifactUnavailable, match="the artifact store s3://bucket/farm cannot be used: "):
                call()


@pytest.mark.parametrize("how", ["refused", "away"])
def test_no_message_has_a_secret(server, monkeypatch, how):
    """The server throws back at the client all that it was told."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_SESSION_TOKEN": "t0k3n"}
    for name, value in {**keys, "AWS_ENDPOINT_URL": server.url, "AWS_REGION": "x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(access.RETRIES, "max_retries", 0)
    server.failures = [403] * 9
    if how == "away":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    web = server.url.replace("//", "//reader:pa55word@")
    for url in ("s3://bucket/farm", web):
        store = open_store(url)
        with pytest.raises(ArtifactUnavailable) as caught:
            store.get(SHA)
        said = f"{caught.value} {store} {caught.value.__cause__} {caught.value.__context__ and ''}"
        for secret in (*keys.values(), "pa55word", "reader"):
            assert secret not in said


def test_the_account_in_a_url_is_used(server):
    """And shown to nobody but the server."""
    server.objects[f"/{object_name(SHA)}"] = b"content"
    store = open_store(server.url.replace("//", "//reader:pa55word@"))
    assert store.get(SHA) == b"content"
    assert str(store) == server.url


@pytest.mark.parametrize(
    "url", ["s3://AKID:hunter2@bucket/x", "s3://bucket?key=hunter2", "https://host/x?token=hunter2"]
)
def test_a_secret_in_the_wrong_place_is_refused_and_not_repeated(url):
    with pytest.raises(ValueError, match=r"belong into AWS_|followed by a query") as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)


def test_keys_come_from_a_file(bucket, tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    path = tmp_path / "credentials"
    path.write_text("[farm]\naws_access_key_id = AKIDFILE\naws_secret_access_key = fr0m/f%le\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    with pytest.raises(ValueError, match=r"has no keys for profile 'default'$"):
        open_store(f"s3://{bucket[1]}")
    monkeypatch.setenv("AWS_PROFILE", "farm")
    store = open_store(f"s3://{bucket[1]}")
    store.put(b"content")
    assert store.get(SHA) == b"content"
    for text, said in (("[farm", "is not a file of credentials"), ("", "has no keys for profile 'farm'")):
        path.write_text(text)
        with pytest.raises(ValueError, match=said) as caught:
            open_store(f"s3://{bucket[1]}")
        assert "fr0m" not in str(caught.value)
    path.unlink()
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        open_store(f"s3://{bucket[1]}")
