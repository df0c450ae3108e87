"""Every test of the networks is reproducible and leaves the other cores alone."""

from collections.abc import Iterator

import pytest
import torch

from tests.models.drawing import drawn_in_part


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", autouse=True)
def _drawn_in_part() -> Iterator[None]:
    with drawn_in_part():
        yield


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.default_generator.manual_seed(
        0
    )  # torch.manual_seed notes the stack for each kind of device that is not there
