"""A browser, and a farm whose pages it opens. Where there is no browser, all of this is skipped, with the reason.

``FARM_BROWSER`` names a Chromium where none is on PATH, ``FARM_SCREENSHOTS`` a folder for pictures of every page.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.browsed import Browsed, browsed_farm

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
#: A first start of the farm and of the browser on a busy machine.
TIMEOUT_S = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here, and only that."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


def chromium() -> str:
    """Its path; skips where there is none."""
    named = os.environ.get("FARM_BROWSER") or shutil.which("chromium") or shutil.which("chromium-browser")
    if named is None:
        pytest.skip("no browser: chromium is not on PATH and FARM_BROWSER names none (make browser brings one)")
    return named


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that finds what cannot be used by everybody."""
    if not AXE.exists():
        pytest.skip(f"no axe-core at {AXE.relative_to(ROOT)} (make browser brings it)")
    return AXE.read_text()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    path = chromium()
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (make browser brings it)"
    )
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def farm(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsed]:
    """One for all tests: they read, but for that of the keeper, which is the last."""
    with browsed_farm(tmp_path_factory.mktemp("browsed")) as made:
        yield made


@pytest.fixture
def open_page(browser: Browser, farm: Browsed) -> Iterator[Callable[..., Page]]:
    """Opens a window at a path; what it must never do is held against it at the end.

    That is: to ask another origin for anything, to be answered with an error, and to break its own policy.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opened(path: str = "", *, refused: bool = False, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("request", lambda r: wrong.append(r.url) if not r.url.startswith((farm.address, "data:")) else None)
        page.on("requestfailed", lambda r: wrong.append(f"{r.url}: {r.failure}"))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" and not refused else None)
        page.goto(farm.address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
