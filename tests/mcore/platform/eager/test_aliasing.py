"""Which tensors share memory: a write to one shows in the same others as in torch, and in no more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mcore.platform.eager.parity import check, normal, positive

X = positive(2, 4, 6)

#: Results of torch's functions that are views of their input.
VIEWS = {
    "slice": lambda F, x: x[:, 1:3],
    "step": lambda F, x: x[..., ::2],
    "number": lambda F, x: x[1],
    "new axis": lambda F, x: x[:, None],
    "ellipsis": lambda F, x: x[..., 0],
    "permute": lambda F, x: x.permute(2, 0, 1),
    "transpose": lambda F, x: x.transpose(0, 2),
    "movedim": lambda F, x: x.movedim(0, -1),
    "view": lambda F, x: x.view(8, 6),
    "reshape": lambda F, x: x.reshape(2, -1),
    "flatten": lambda F, x: x.flatten(1),
    "unflatten": lambda F, x: x.unflatten(2, (2, 3)),
    "unsqueeze": lambda F, x: x.unsqueeze(1),
    "squeeze": lambda F, x: x[:1].squeeze(0),
    "chunk": lambda F, x: x.chunk(2, 1)[1],
    "split": lambda F, x: x.split(2, 1)[0],
    "unbind": lambda F, x: x.unbind(1)[2],
    "detach": lambda F, x: x.detach(),
    "data": lambda F, x: x.data,
    "same type": lambda F, x: x.float(),
    "same device": lambda F, x: x.to("cpu"),
    "contiguous": lambda F, x: x.contiguous(),
    "dropout at rest": lambda F, x: F.dropout(x, 0.5, training=False),
    "mT": lambda F, x: x.mT,
}

#: Results that have memory of their own.
COPIES = {
    "clone": lambda F, x: x.clone(),
    "add": lambda F, x: x + 0,
    "relu": lambda F, x: F.relu(x),
    "index array": lambda F, x: x[[0, 1]],
    "mask": lambda F, x: x[x > 0],
    "cat": lambda F, x: F.cat([x]),
    "stack": lambda F, x: F.stack([x]),
    "flip": lambda F, x: x.flip(0),
    "roll": lambda F, x: x.roll(1, 0),
    "repeat": lambda F, x: x.repeat(1, 1, 1),
    "tile": lambda F, x: x.tile(1),
    "other type": lambda F, x: x.double(),
    "permuted, contiguous": lambda F, x: x.permute(2, 0, 1).contiguous(),
    "permuted, reshaped": lambda F, x: x.permute(2, 0, 1).reshape(-1),
    "where": lambda F, x: F.where(x > 0, x, x),
    "clamp": lambda F, x: x.clamp(min=0.0),
    "pad": lambda F, x: F.pad(x, (1, 1)),
    "mean": lambda F, x: x.mean(0),
}


def write_to_result(make: Any) -> Any:
    """Writes to the result, then shows both."""

    def code(F: Any, x: Any) -> Any:
        y = make(F, x)
        y[...] = -7.0
        return x, y

    return code


def write_to_input(make: Any) -> Any:
    """Writes to the input, then shows both."""

    def code(F: Any, x: Any) -> Any:
        y = make(F, x)
        x.mul_(-1)
        return x, y

    return code


RESULTS = [pytest.param(make, id=name) for name, make in {**VIEWS, **COPIES}.items()]


@pytest.mark.parametrize("make", RESULTS)
def test_a_write_to_the_result_shows_where_it_does_in_torch(make: Any) -> None:
    check(write_to_result(make), X)


@pytest.mark.parametrize("make", RESULTS)
def test_a_write_to_the_input_shows_where_it_does_in_torch(make: Any) -> None:
    check(write_to_input(make), X)


def test_views_share_and_copies_do_not() -> None:
    """Guards the tables above: that both kinds are in them."""

    def shared(make: Any) -> Any:
        def code(F: Any, x: Any) -> bool:
            before = x.clone()
            make(F, x)[...] = -7.0
            return bool((x == before).sum() == x.numel())

        return code

    for name, make in {**VIEWS, **COPIES}.items():
        check(lambda F, x, make=make, name=name: shared(make)(F, x) == (name in COPIES), X)


def test_an_inplace_activation_on_a_shortcut_changes_the_shortcut() -> None:
    def block(F: Any, x: Any, w: Any) -> Any:
        shortcut = x
        y = F.relu(x, inplace=True)
        return F.conv2d(y, w, padding=1) + shortcut, x

    check(block, normal(1, 2, 5, 5), normal(2, 2, 3, 3))


def test_an_inplace_operator_on_a_view_changes_the_whole() -> None:
    def code(F: Any, x: Any, y: Any) -> Any:
        row = x[0]
        row += y
        x[:, ::2] *= 2
        x.view(-1)[3:5] -= 1
        x[..., -1] = y[:, 0]
        return x, row

    check(code, X, normal(4, 6))


def test_an_expanded_tensor_reads_as_one_and_writes_through_its_base() -> None:
    def code(F: Any, x: Any) -> Any:
        wide = x.expand(3, 4)
        x.add_(1)
        return wide, wide.clone().add_(1), x

    check(code, normal(3, 1))
