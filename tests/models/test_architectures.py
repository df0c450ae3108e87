"""What every public architecture promises: shapes at any size, gradients, a truthful description, a record to rebuild from.

And what is promised of it: the selection reaches all code that it runs.
"""

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
import torch

from mcore.convert.capture import capture_copy
from mcore.module import skeleton
from mcore.platform.eager.constructor import rebuild
from models.networks.base import TASKS
from models.utils import metadata
from tests.farm.source.corpus.repository import CATALOGUE, Corpus
from tests.models.catalogue import PUBLIC, ROOT, Public, arrays_for, call, legal
from tests.models.expected import EXPECTED

IMAGES = ("networks", "backbones")
#: Height and width from which an image is dear.
LARGE = 200


KINDS = {
    "networks": "network",
    "backbones": "backbone",
    "necks": "neck",
    "heads": "head",
    "attention": "attention",
    "basicblocks": "block",
}


@dataclass
class Built:
    """An architecture, and what of the selection's packages it has run: ``ran`` has files and top names of their code."""

    public: Public
    ran: set[tuple[Path, str]] = field(default_factory=set)

    def __post_init__(self):
        torch.manual_seed(0)
        with self._noted():
            self.model = self.public.target()

    @cached_property
    def outputs(self):
        """Those of the small sizes in turn."""
        self.model.eval()
        sizes = small_sizes(self.public, self.model.sampling)
        with torch.no_grad(), self._noted():
            return [call(self.model, arrays_for(self.model.sampling, *size), torch.from_numpy) for size in sizes]

    @contextmanager
    def _noted(self):
        codes = set()

        def note(frame, event, argument):
            if event == "call":
                codes.add(frame.f_code)

        sys.setprofile(note)
        try:
            yield
        finally:
            sys.setprofile(None)
        found = {(Path(code.co_filename), code.co_qualname.partition(".")[0]) for code in codes}
        own = {(p.relative_to(ROOT), name) for p, name in found if p.is_relative_to(ROOT) and not name.startswith("<")}
        self.ran |= {(path, name) for path, name in own if path.parts[0] in CATALOGUE.packages}


@pytest.fixture(scope="module", params=PUBLIC, ids=str)
def built(request):
    """Built once for all tests of this file."""
    return Built(request.param)


@pytest.fixture
def architecture(built):
    """Public name and network."""
    return built.public, built.model


@pytest.fixture(scope="module")
def closures():
    """What the selection reaches from each architecture, by kind and name."""
    return {architecture.key: closure for architecture, closure in Corpus().before.items()}


def small_sizes(public, sampling):
    """Batch, height and width: even and not square, then odd in both; or the next ones that are legal.

    A batch of one image where the least is large: two at once say no more, and take seconds.
    """
    maps = ((2, 4, 8), (1, 5, 3)) if sampling.minimum > 1 else ((2, 1, 2), (1, 3, 1))
    wanted = ((1 if sampling.minimum > LARGE else 2, 64, 96), (1, 47, 33)) if public.family in IMAGES else maps
    return [(batch, *legal(sampling, *size)) for batch, *size in wanted]


def test_outputs_have_the_expected_shapes_and_are_finite(built):
    public = built.public
    for (batch, height, width), outputs in zip(small_sizes(public, built.model.sampling), built.outputs, strict=True):
        assert [tuple(o.shape) for o in outputs] == EXPECTED[public.name](batch, height, width)
        assert all(torch.isfinite(o).all() for o in outputs)
        assert all(o.std() > 0 for o in outputs)


def test_every_parameter_gets_a_gradient(architecture):
    public, model = architecture
    model.train()
    model.zero_grad()
    (batch, *_), (_, height, width) = small_sizes(
        public, model.sampling
    )  # the smaller maps, and two of them for statistics
    outputs = call(model, arrays_for(model.sampling, batch, height, width), torch.from_numpy)
    generator = torch.Generator().manual_seed(1)
    sum((o * torch.randn(o.shape, generator=generator)).sum() for o in outputs).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert 0 < torch.linalg.vector_norm(parameter.grad, torch.inf) < torch.inf, name  # NaN is neither
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


def test_description_of_features_is_truthful_and_known_before_there_are_weights(built):
    public, model = built.public, built.model
    if public.family not in ("backbones", "necks"):
        return
    with skeleton():
        before = public.target()
    assert all(parameter.is_meta for parameter in before.parameters())
    assert (before.channels, before.strides, before.sampling) == (model.channels, model.strides, model.sampling)
    batch, height, width = small_sizes(public, model.sampling)[0]
    outputs = built.outputs[0]
    assert tuple(o.shape[1] for o in outputs) == model.channels
    if public.family == "backbones":
        image = (height, width)
    else:  # the features of a neck are those of an image that the finest map is a part of
        finest = model.sampling.inputs[0].concrete(batch, height, width)[2:]
        image = tuple(size * model.in_strides[0] for size in finest)
    cropped = getattr(model, "cropped", 0)
    for output, stride in zip(outputs, model.strides, strict=True):
        for size, whole in zip(output.shape[2:], image, strict=True):
            assert whole % stride == 0
            assert whole // stride - cropped <= size <= whole // stride


def test_it_says_what_the_farm_needs(architecture):
    """Kind, task and papers, by its class."""
    public, model = architecture
    said = metadata(model)
    assert said.name == public.name
    assert said.kind == KINDS[public.family]
    assert (said.task in TASKS) if said.kind in ("network", "head") else not said.task
    assert said.papers or said.kind == "block"


def test_it_can_be_built_again_from_its_record(architecture):
    _, model = architecture
    with skeleton():
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
    """After the pass of training above: with first statistics some deep networks hardly look at their input."""
    public, model = architecture
    batch, height, width = small_sizes(public, model.sampling)[1]
    arrays = [arrays_for(model.sampling, batch, height, width, seed) for seed in (0, 1)]
    with torch.no_grad():
        model.eval()
        first, second = (call(model, given, torch.from_numpy) for given in arrays)
    for a, b in zip(first, second, strict=True):
        assert not np.allclose(a, b, rtol=1e-6, atol=0)


def test_one_graph_serves_every_size(built):
    """Captured at two small sizes, its graph tells the output shapes at a third that nothing has run at.

    As the converter captures its own copy: at the smaller size the network has run before.
    """
    public, model = built.public, built.model
    assert built.outputs
    (_, *ran), image = small_sizes(public, model.sampling)[1], public.family in IMAGES
    others = ((40, 64), (48, 48)) if image else ((2, 3), (2, 2)) if model.sampling.minimum == 1 else ((2, 3), (4, 4))
    sizes = (tuple(ran), *(legal(model.sampling, *size) for size in others))
    sampling = replace(model.sampling, sizes=sizes)
    captured = capture_copy(model.eval(), sampling, warm=sizes[0])
    assert captured.report.guards == ()
    assert [name for name in captured.report.unused if not name.endswith("num_batches_tracked")] == []
    batch, (height, width) = 3, legal(sampling, *((101, 131) if image else (7, 11)))
    inputs = {i.name: i.concrete(batch, height, width) for i in model.sampling.inputs}
    symbols = captured.graph.bind(inputs)
    shapes = [captured.graph.types[value].concrete(symbols) for value in captured.graph.outputs.values()]
    assert shapes == EXPECTED[public.name](batch, height, width)


def test_the_selection_reaches_all_code_that_it_runs(built, closures):
    """The functions that run when it is built and called are all among the definitions of its closure."""
    assert built.outputs
    closure = closures[f"{KINDS[built.public.family]}:{built.public.name}"]
    modules = {path: ".".join(path.with_suffix("").parts).removesuffix(".__init__") for path, _ in built.ran}
    names = {f"{modules[path]}.{name}" for path, name in built.ran}
    missing = {n for n in names if n not in closure.definitions and not n.startswith(CATALOGUE.followed().toolchain)}
    assert missing == set()
    assert closure.root in names or any(n.startswith("models.") for n in names)


def test_every_architecture_has_a_closure(closures):
    assert closures.keys() == {f"{KINDS[public.family]}:{public.name}" for public in PUBLIC}
