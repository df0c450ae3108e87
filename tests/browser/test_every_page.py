"""What holds for every kind of page: usable by everybody in light and dark, on a narrow screen, and as files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.browsed import Browsed, done
from tests.browser.places import PLACES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 400, "height": 800}
#: What loads itself anew says so, and leads to the same page that does not.
KNOWN = {"waiting": ["meta-refresh"]}


def violations(page: Page, axe: str) -> list[tuple[str, str]]:
    """What axe finds: the rule, and the first element that breaks it."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", RULES)
    return [(each["id"], each["nodes"][0]["html"][:200]) for each in found["violations"]]


def too_wide(page: Page) -> int:
    """Pixels by which the page as a whole is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def picture(page: Page, name: str) -> None:
    """Kept where somebody wants to look at it."""
    if folder := os.environ.get("FARM_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("place", PLACES)
def test_everybody_can_use_it_in_light_and_dark_and_narrow(
    farm: Browsed, open_page: Callable[..., Page], axe: str, place: str
) -> None:
    page = open_page(PLACES[place](farm))
    page.evaluate("window.stop()")  # what loads itself anew does not while it is looked at: that may take longer
    for scheme, width, size in (("light", "wide", WIDE), ("dark", "narrow", NARROW)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        assert too_wide(page) == 0
        assert [rule for rule, _ in violations(page, axe)] == KNOWN.get(place, [])
        picture(page, f"{place}-{scheme}-{width}")


def test_on_a_phone_verdicts_stand_next_to_the_name(farm: Browsed, open_page: Callable[..., Page]) -> None:
    page = open_page(PLACES["table"](farm), viewport=NARROW)
    rows = page.locator("table.matrix tr", has=page.locator('th[scope="row"]')).all()
    assert rows
    for row in rows:
        shown = row.locator("> :visible")
        assert shown.count() == page.locator("table.matrix thead th:visible").count()
        cell = shown.nth(1).bounding_box()
        assert cell is not None
        assert cell["x"] + cell["width"] <= NARROW["width"]


@pytest.fixture(scope="module")
def files(farm: Browsed, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The pages as files, one of each kind, the front page first."""
    site = tmp_path_factory.mktemp("export") / "site"
    done(farm.farm, "report", "--html", str(site), "--commit", farm.bad)
    kinds: dict[str, Path] = {}
    for path in sorted(site.rglob("*.html")):
        kinds.setdefault(path.relative_to(site).parts[0], path)
    return sorted(kinds.values(), key=lambda path: path.name != "index.html")


@pytest.fixture
def offline(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A window, and what it asked for that is no file."""
    context = browser.new_context(viewport=NARROW, java_script_enabled=True)
    page, elsewhere = context.new_page(), []
    page.on("request", lambda r: elsewhere.append(r.url) if not r.url.startswith(("file:", "data:")) else None)
    yield page, elsewhere
    context.close()


def test_the_files_are_as_good_without_a_server(files: list[Path], offline: tuple[Page, list[str]], axe: str) -> None:
    page, elsewhere = offline
    assert len(files) >= 8
    for path in files:
        page.goto(path.as_uri())
        assert (path.name, too_wide(page), violations(page, axe)) == (path.name, 0, [])
    assert elsewhere == []


def test_the_files_lead_from_the_table_to_the_layer(files: list[Path], offline: tuple[Page, list[str]]) -> None:
    page, elsewhere = offline
    page.goto(files[0].as_uri())
    page.locator("td.f").first.get_by_role("link", name="FAILED").click()
    assert "MISMATCH" in page.locator("h1").inner_text()
    assert page.locator("#repro + pre").is_visible()
    assert page.url.startswith("file:")
    assert elsewhere == []
