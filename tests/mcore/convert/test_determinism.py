"""The same model twice, in two processes with different hash seeds: the same bytes of every file of its bundle."""

from __future__ import annotations

import os
import subprocess
import sys

#: One graph, several graphs, one graph for each size, and writes through views.
_PROGRAM = """
import sys, torch
from mcore.convert import toplatform
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE
from tests.mcore.convert.test_apart import Grid
from tests.mcore.convert.test_variants import MIXED
torch.set_num_threads(1)
torch.manual_seed(int(sys.argv[2]))
nets = {modules.Attention: IMAGE, modules.Shifted: MIXED, Grid: IMAGE, modules.ViewWrite: IMAGE, modules.Buffers: IMAGE}
for kind, sampling in nets.items():
    name = kind.__name__
    toplatform(kind(), f"{sys.argv[1]}/{name}", sampling=sampling, architecture=name, weights="calibrated")
"""


def test_two_processes_write_the_same_bytes_whatever_the_kind_of_graph(tmp_path):
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(tmp_path / seed), seed],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": ".", "OMP_NUM_THREADS": "1"},
        )
        for seed in ("1", "4711")
    ]
    assert [process.wait() for process in running] == [0, 0]
    found = [
        {p.relative_to(tmp_path / seed).as_posix(): p.read_bytes() for p in (tmp_path / seed).rglob("*") if p.is_file()}
        for seed in ("1", "4711")
    ]
    assert found[0] == found[1]
    graphs = [name for name in found[0] if name.rpartition("/")[2].startswith("graph")]
    assert len(graphs) == 1 + 3 + 3 + 1 + 1
