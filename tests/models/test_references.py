"""Networks that are defined elsewhere too: as many parameters, the same keys, and the same outputs for copied weights."""

from __future__ import annotations

import pytest
import torch

from models import networks
from tests.models.catalogue import load_weights
from tests.models.references import REFERENCES
from tests.models.references.reference import Reference, count, on_meta
from tests.models.unweighted import Unweighted

RUN = {name: reference for name, reference in REFERENCES.items() if reference.sizes}


def ours(name: str) -> torch.nn.Module:
    return getattr(networks, name)(**REFERENCES[name].ours)


@pytest.mark.parametrize(("name", "reference"), REFERENCES.items(), ids=REFERENCES)
def test_parameters_are_as_many_and_the_keys_are_the_same(name: str, reference: Reference) -> None:
    theirs = on_meta(reference.build) if reference.meta else reference.build()
    own = on_meta(lambda: ours(name))
    kept = reference.keys(list(theirs.state_dict()))
    shapes = {kept[key]: tuple(value.shape) for key, value in theirs.state_dict().items() if key in kept}
    assert {key: tuple(value.shape) for key, value in own.state_dict().items()} == shapes
    dropped = sum(p.numel() for key, p in theirs.named_parameters() if key not in kept)
    assert count(own) == count(theirs) - dropped
    if reference.key_map is None:
        assert list(own.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize(("name", "reference"), RUN.items(), ids=RUN)
def test_copied_weights_give_the_same_outputs(name: str, reference: Reference) -> None:
    with Unweighted():
        theirs, own = reference.build(), ours(name).eval()
    load_weights(theirs, torch.from_numpy)
    state = theirs.state_dict()
    own.load_state_dict({kept: state[key] for key, kept in reference.keys(list(state)).items()})
    for height, width in reference.sizes:
        x = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            expected, found = theirs(x), own(x)
        expected = expected["out"] if isinstance(expected, dict) else expected
        assert float(expected.std()) > 0
        if reference.exact:
            assert torch.equal(found, expected)
        else:
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))
