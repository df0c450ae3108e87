"""One graph for each size, where a model makes plain numbers of sizes: right at those sizes, refused at all others."""

from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor, nn

from mcore.convert import CaptureRefused, capture, fromplatform, toplatform
from mcore.convert.running import Size
from mcore.platform.errors import GuardError
from mcore.platform.format import read_bundle
from mcore.platform.variants import graph_for
from mcore.sampling import Sampling
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE, Apply, perturbed
from tests.mcore.convert.test_variants import agree


class Grid(nn.Module):
    """A grid of positions that is kept by size, as plain numbers make it."""

    def __init__(self):
        super().__init__()
        self.grids: dict[tuple[int, int], Tensor] = {}
        self.scale = nn.Parameter(torch.ones(4, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        size = int(x.shape[2]), int(x.shape[3])
        if size not in self.grids:
            self.grids[size] = torch.linspace(0, 1, size[0] * size[1]).reshape(size)
        return x * self.scale + self.grids[size]


LEAKS = {
    modules.IntLeak: "by int()",
    modules.RatioLeak: "by /",
    modules.RootLeak: "by float()",
    modules.SilentLeak: r"other of mul is 9 at one size, 8 at the other",
    modules.SizedConstant: "constant 'constant' at 9x7 is not the one at 8x8",
    Grid: "by int()",
}


@pytest.mark.parametrize("kind", LEAKS, ids=lambda kind: kind.__name__)
def test_it_is_right_at_its_sizes_for_any_batch_and_refused_at_others(kind):
    captured = agree(perturbed(kind()), IMAGE, [Size(n, h, w) for n in (1, 4) for h, w in IMAGE.sizes])
    assert LEAKS[kind] in captured.report.fallback
    assert [list(graph.symbols) for graph in captured.graphs] == [["N"]] * 3
    assert all(graph.metadata["fixed"] is True for graph in captured.graphs)
    with pytest.raises(
        GuardError, match=r"none of the 3 graphs takes x \(1, 4, 10, 10\): .*the graph wants \(1, 4, 9, 7\)"
    ):
        graph_for(captured.graphs, {"x": (1, 4, 10, 10)})


def test_a_leak_of_the_batch_makes_the_batches_of_the_samples_the_only_ones():
    captured = agree(modules.LengthLeak(), IMAGE, [Size(1, 8, 8), Size(2, 8, 12), Size(1, 9, 7)])
    assert [graph.inputs["x"].shape[0] for graph in captured.graphs] == [1, 1, 2]
    with pytest.raises(GuardError):
        graph_for(captured.graphs, {"x": (2, 4, 8, 8)})


def test_what_depends_on_data_is_refused_for_its_own_sake():
    class Both(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            y = x * int(x.shape[2])
            return y if y.mean() > 0 else -y

    with pytest.raises(CaptureRefused, match="asks a tensor for its content") as refused:
        capture(Both(), IMAGE)
    assert "by int()" not in str(refused.value)


def test_a_golden_run_that_disagrees_makes_one_graph_for_each_size(tmp_path):
    """The heights of the two sizes traced are both even, so that the leak shows at the third alone."""
    sampling = Sampling.image(4, ((8, 8), (10, 6), (9, 11)), minimum=5)

    def function(x):
        return x * (len(range(x.shape[2])) % 2 + 1)

    conversion = toplatform(Apply(function), tmp_path / "net", sampling=sampling)
    assert "other of mul is 1 at one size, 2 at the other" in conversion.report.capture.fallback
    assert len(read_bundle(tmp_path / "net").graphs) == 3


def test_there_and_back_the_bundle_is_the_same(tmp_path):
    sampling = Sampling.image(4, ((8, 8), (16, 8), (10, 6)), minimum=6, multiple_of=2)
    first = toplatform(perturbed(Grid()), tmp_path / "first", sampling=sampling, architecture="net")
    again = fromplatform(tmp_path / "first")
    assert again.sampling.fixed
    assert set(again.sampling.sizes) == set(sampling.sizes)
    second = toplatform(again, tmp_path / "second", architecture="net")
    assert second.manifest.identity == first.manifest.identity


def growing(x: Tensor) -> Tensor:
    """Padded by a size that takes hundreds of divisions to tell."""
    return x + x.new_ones(sum(x.shape[2] // divisor for divisor in range(2, 200))).sum()


def test_sizes_that_take_too_long_to_tell_are_numbers():
    captured = agree(Apply(growing), IMAGE, [Size(n, h, w) for n in (1, 3) for h, w in IMAGE.sizes])
    assert re.search(r"test_apart.py:\d+: a size of full takes \d+ symbols", captured.report.fallback)
    assert len(captured.graphs) == 3
