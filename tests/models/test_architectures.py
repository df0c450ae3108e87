"""What every public architecture promises: shapes at any size, gradients, a truthful description, a record to rebuild from."""

from dataclasses import replace
from inspect import signature

import numpy as np
import pytest
import torch

from mcore.convert import capture
from mcore.module import skeleton
from mcore.platform.eager.constructor import rebuild
from tests.models.catalogue import PUBLIC, arrays_for, call, legal
from tests.models.expected import EXPECTED

IMAGES = ("networks", "backbones")


@pytest.fixture(scope="module", params=PUBLIC, ids=str)
def architecture(request):
    """Public name and its network, built once for all tests of this file."""
    torch.manual_seed(0)
    return request.param, request.param.target()


def small_sizes(public, sampling):
    """Batch, height and width: even and not square, then odd in both; or the next ones that are legal."""
    maps = ((2, 4, 8), (1, 5, 3)) if sampling.minimum > 1 else ((2, 1, 2), (1, 3, 1))
    wanted = ((2, 64, 96), (1, 47, 33)) if public.family in IMAGES else maps
    return [(batch, *legal(sampling, *size)) for batch, *size in wanted]


def test_outputs_have_the_expected_shapes_and_are_finite(architecture):
    public, model = architecture
    model.eval()
    for batch, height, width in small_sizes(public, model.sampling):
        with torch.no_grad():
            outputs = call(model, arrays_for(model.sampling, batch, height, width), torch.from_numpy)
        assert [tuple(o.shape) for o in outputs] == EXPECTED[public.name](batch, height, width)
        assert all(torch.isfinite(o).all() for o in outputs)
        assert all(o.std() > 0 for o in outputs)


def test_every_parameter_gets_a_gradient(architecture):
    public, model = architecture
    model.train()
    model.zero_grad()
    batch, height, width = small_sizes(public, model.sampling)[0]
    outputs = call(model, arrays_for(model.sampling, batch, height, width), torch.from_numpy)
    generator = torch.Generator().manual_seed(1)
    sum((o * torch.randn(o.shape, generator=generator)).sum() for o in outputs).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name
    model.zero_grad(set_to_none=True)


def test_sampling_has_three_sizes_one_not_square_one_odd_and_names_the_arguments(architecture):
    """Odd in steps of what sizes are multiples of: then no rule of the network's for odd maps goes unseen."""
    public, model = architecture
    sampling = model.sampling
    assert len(sampling.sizes) >= 3
    assert any(h != w for h, w in sampling.sizes)
    steps = [(h // sampling.multiple_of, w // sampling.multiple_of) for h, w in sampling.sizes]
    assert any(h % 2 and w % 2 for h, w in steps)
    forward = signature(type(model).forward).parameters
    assert {i.name.partition(".")[0] for i in sampling.inputs} == set(forward) - {"self"}
    if public.family in IMAGES:
        assert [i.name for i in sampling.inputs] == ["x"]


def test_description_of_features_is_truthful_and_known_before_there_are_weights(architecture):
    public, model = architecture
    if public.family not in ("backbones", "necks"):
        return
    with skeleton():
        before = public.target()
    assert all(parameter.is_meta for parameter in before.parameters())
    assert (before.channels, before.strides, before.sampling) == (model.channels, model.strides, model.sampling)
    batch, height, width = small_sizes(public, model.sampling)[0]
    arrays = arrays_for(model.sampling, batch, height, width)
    with torch.no_grad():
        outputs = call(model.eval(), arrays, torch.from_numpy)
    assert tuple(o.shape[1] for o in outputs) == model.channels
    if public.family == "backbones":
        image = (height, width)
    else:  # the features of a neck are those of an image that the finest map is a part of
        finest = next(iter(arrays.values())).shape[2:]
        image = tuple(size * model.in_strides[0] for size in finest)
    cropped = getattr(model, "cropped", 0)
    for output, stride in zip(outputs, model.strides, strict=True):
        for size, whole in zip(output.shape[2:], image, strict=True):
            assert whole % stride == 0
            assert whole // stride - cropped <= size <= whole // stride


def test_it_can_be_built_again_from_its_record(architecture):
    _, model = architecture
    again = rebuild(model.constructor)
    assert type(again) is type(model)
    assert again.constructor == model.constructor
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    assert {name: tuple(value.shape) for name, value in again.state_dict().items()} == shapes


def test_parts_name_public_parts(architecture):
    public, model = architecture
    homes = {"backbone": "backbones", "neck": "necks", "head": "heads"}
    known = {(p.family, p.name) for p in PUBLIC}
    parts = getattr(model, "parts", {})  # atomic networks, blocks and attention modules say none
    for role, name in parts.items():
        assert (homes[role], name) in known
    roles = {"backbones": {"backbone"}, "necks": {"neck"}, "heads": {"head"}}
    if public.family == "networks":  # the last layers may be its own; an atomic network has no parts
        assert set(parts) in (set(), {"backbone"}, {"backbone", "head"}, {"backbone", "neck", "head"})
    else:
        assert set(parts) == roles.get(public.family, set())


def test_another_input_gives_another_output(architecture):
    public, model = architecture
    model.eval()
    batch, height, width = small_sizes(public, model.sampling)[1]
    with torch.no_grad():
        first, second = (
            call(model, arrays_for(model.sampling, batch, height, width, seed), torch.from_numpy) for seed in (0, 1)
        )
    for a, b in zip(first, second, strict=True):
        assert not np.allclose(a, b, rtol=1e-6, atol=0)


def test_one_graph_serves_every_size(architecture):
    """Captured at two small sizes, its graph tells the output shapes at a third that nothing has run at."""
    public, model = architecture
    image, least = public.family in IMAGES, model.sampling.minimum == 1
    sizes = ((33, 47), (40, 64), (48, 48)) if image else ((2, 3), (1, 3), (2, 2)) if least else ((2, 3), (5, 3), (4, 4))
    sampling = replace(model.sampling, sizes=tuple(legal(model.sampling, *size) for size in sizes))
    captured = capture(model, sampling)
    assert captured.report.guards == ()
    assert [name for name in captured.report.unused if not name.endswith("num_batches_tracked")] == []
    batch, (height, width) = 3, legal(sampling, *((101, 131) if image else (7, 11)))
    inputs = {i.name: i.concrete(batch, height, width) for i in model.sampling.inputs}
    symbols = captured.graph.bind(inputs)
    shapes = [captured.graph.types[value].concrete(symbols) for value in captured.graph.outputs.values()]
    assert shapes == EXPECTED[public.name](batch, height, width)
