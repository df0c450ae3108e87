"""Commands in this process, as the tests of the command line have them."""

from tests.farm.cli.conftest import farm, tiny

__all__ = ["farm", "tiny"]
