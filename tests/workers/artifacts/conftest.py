import pytest

from tests.workers.artifacts.servers import serving


@pytest.fixture
def server():
    """A plain web server."""
    with serving() as server:
        yield server
