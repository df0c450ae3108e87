"""The way of somebody who keeps devices: which unit is out of work and why, what waits for it, and that it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.browsed import WITHIN_S, Browsed, done

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_drained_unit_says_why_and_what_waits_for_it(
    farm: Browsed, open_page: Callable[..., Page], scripts: bool
) -> None:
    page = open_page("devices", java_script_enabled=scripts)
    assert "draining" in page.get_by_role("row", name="stick").inner_text()
    page.get_by_role("link", name="stick", exact=True).click()
    assert "maintenance: new firmware" in page.get_by_role("region", name="Units").inner_text()
    waiting = page.get_by_role("region", name="Queue")
    assert "network wide" in waiting.inner_text()
    assert "queued" in waiting.inner_text()
    page.get_by_role("link", name="stick-host").click()
    newest = page.get_by_role("region", name="Health").locator("tbody tr").first
    assert "drained" in newest.inner_text()
    assert "new firmware" in newest.inner_text()
    page.go_back()
    waiting.get_by_role("link", name=farm.waiting[:12]).click()
    assert page.locator("h1").inner_text().endswith("under way")


def test_the_page_of_a_submission_goes_on_by_itself_until_it_is_done(
    farm: Browsed, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"submission/{farm.waiting}", java_script_enabled=False)
    assert page.locator("h1").inner_text().endswith("under way")
    assert page.title().startswith("Under way")
    lane = page.get_by_role("row", name="stick")
    assert "0 of 1" in lane.inner_text()
    done(farm.farm, "devices", "resume", "stick-host")
    page.get_by_role("heading", level=1, name="done").wait_for(timeout=WITHIN_S * 1000)  # nobody loads it anew
    assert page.title().startswith("Done")
    assert "1 of 1" in lane.inner_text()
    assert page.locator('meta[http-equiv="refresh"]').count() == 0
