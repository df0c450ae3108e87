"""Parameter groups by name."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mcore.checkpoints.optimisers import condensed, optimiser_of


def test_groups_are_read_from_the_optimiser() -> None:
    model = nn.ModuleDict({"backbone": nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 3)), "head": nn.Linear(3, 1)})
    groups = [
        {"params": model["backbone"].parameters(), "lr": 1e-4},
        {"params": [model["head"].weight], "weight_decay": 0.0},
        {"params": [model["head"].bias]},
    ]
    found = optimiser_of(torch.optim.SGD(groups, lr=0.1, momentum=0.9, weight_decay=1e-2), model)
    assert found.name == "SGD"
    assert [(g.lr, g.weight_decay, g.parameters, g.elements) for g in found.groups] == [
        (1e-4, 1e-2, ("backbone.",), 21),
        (0.1, 0.0, ("head.weight",), 3),
        (0.1, 1e-2, ("head.bias",), 1),
    ]
    assert found.groups[0].options["momentum"] == 0.9
    whole = optimiser_of(torch.optim.AdamW(model.parameters()), model)
    assert whole.groups[0].parameters == ("*",)
    assert whole.groups[0].options["betas"] == [0.9, 0.999]


NAMES = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join), unique=True, max_size=8)


@given(NAMES, st.data())
def test_few_words_mean_the_same_names(names: list[str], data: st.DataObject) -> None:
    names = [n for n in names if not any(o.startswith(f"{n}.") for o in names)]  # a parameter is no module
    mine = {n for n in names if data.draw(st.booleans())}
    words = condensed(mine, names)
    meant = {n for n in names if any(w in ("*", n) or (w.endswith(".") and n.startswith(w)) for w in words)}
    assert meant == mine
