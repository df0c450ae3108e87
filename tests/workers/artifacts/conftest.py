import hashlib
import itertools

import pytest

from tests.workers.artifacts.servers import s3_server, serving


@pytest.fixture(scope="session")
def s3_process():
    """A real server of S3, for all tests of the session."""
    with s3_server() as server:
        yield server


_buckets = itertools.count()


@pytest.fixture
def bucket(s3_process, monkeypatch):
    """A new bucket there, the environment set for it; its server and name."""
    for name, value in s3_process.environment.items():
        monkeypatch.setenv(name, value)
    name = f"bucket{next(_buckets)}-{hashlib.sha256(repr(s3_process.port).encode()).hexdigest()[:8]}"
    s3_process.make_bucket(name)
    return s3_process, name


@pytest.fixture
def server():
    """A plain web server."""
    with serving() as server:
        yield server
