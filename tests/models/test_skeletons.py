"""What the parts of a network say of themselves without weights is the same on both backends."""

import json

import pytest

from mcore.module import skeleton
from tests.mcore.processes import output
from tests.models.catalogue import PUBLIC, Public

PARTS = [public for public in PUBLIC if public.family in ("backbones", "necks", "heads")]

SAID_BY_THE_PLATFORM = """
import json
from tests.models.test_skeletons import PARTS, said
print(json.dumps({str(public): said(public) for public in PARTS}))
"""


def said(public: Public):
    """Features taken and given, and shapes of the state by key, as JSON has them."""
    with skeleton():
        part = public.target()
    described = {name: getattr(part, name, None) for name in ("in_channels", "in_strides", "channels", "strides")}
    return described | {"state": [[name, tuple(value.shape)] for name, value in part.state_dict().items()]}


@pytest.fixture(scope="module")
def on_the_platform():
    return json.loads(output(SAID_BY_THE_PLATFORM, backend="platform", torch=False))


@pytest.mark.parametrize("public", PARTS, ids=str)
def test_both_backends_say_the_same(public, on_the_platform):
    assert json.loads(json.dumps(said(public))) == on_the_platform[str(public)]
