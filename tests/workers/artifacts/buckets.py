"""Fixtures: buckets on a real server of S3."""

import itertools
import os

import pytest

from tests.workers.artifacts.servers import s3_server


@pytest.fixture(scope="session")
def s3_process():
    """A real server of S3, for all tests of the session."""
    with s3_server() as server:
        yield server


_numbers = itertools.count()


@pytest.fixture
def bucket(s3_process, monkeypatch):
    """A new bucket there, the environment set for it; its server and name."""
    for name, value in s3_process.environment.items():
        monkeypatch.setenv(name, value)
    name = f"bucket{next(_numbers)}-{os.getpid()}"
    s3_process.make_bucket(name)
    return s3_process, name
