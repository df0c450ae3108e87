"""Fixtures that several folders of tests share, and how the tests are spread over processes."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

from farm.garbage import without_collection
from tests.longest import by_length

# No example has to be over in some milliseconds: what a machine is at beside a test is not the test's fault. All else is as
# hypothesis chooses it, in CI too.
settings.register_profile("tests", settings.default, deadline=None)
settings.load_profile("tests")

pytest_plugins = ["tests.farm.databases", "tests.farm.brokers", "tests.workers.artifacts.buckets"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """``-n auto`` is one more than the cores: tests of real processes wait for them, for sockets and for time limits."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # xdist's own way to say how many
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """A million objects are made here and stay: looked through for circles now and ever after, they took longer than the tests.

    Every process of the tests collects all of them, and a look through all that is there takes it most of a second.
    """
    with without_collection(freeze=True):
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there are several processes, the longest files begin first."""
    if hasattr(config, "workerinput"):
        items[:] = by_length(items, lambda item: item.nodeid.partition("::")[0])
