"""The way of somebody who wrote a network: from the table to the device, the layer and the commit that broke it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.browsed import Browsed

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_from_the_table_to_the_layer_and_the_commit(
    farm: Browsed, open_page: Callable[..., Page], scripts: bool
) -> None:
    page = open_page(java_script_enabled=scripts)
    assert page.locator("h1").inner_text() == "Support table"
    page.get_by_label("Name").fill("Block")
    page.get_by_role("button", name="Show").click()
    assert "name=Block" in page.url
    (row,) = page.locator("table.matrix tr", has=page.locator('th[scope="row"]')).all()
    assert "1 of 3 architectures" in page.locator("p.key").first.inner_text()
    board = row.locator("td.f")
    assert board.inner_text().startswith("FAILED\nMISMATCH, inherited"), "what is wrong stands in the cell"

    board.get_by_role("link", name="FAILED").click()
    assert page.locator("h1").inner_text() == "Block on board: MISMATCH"
    layer = page.locator("#layer ~ p").first.inner_text()
    assert "act (GELU, gelu)" in layer
    assert layer.endswith("introduced here")
    assert re.fullmatch(r"farm repro [0-9a-f]{32}", page.locator("#repro + pre").inner_text())
    assert page.locator("figure svg.plot").is_visible()

    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Commits").click()
    page.get_by_label(f"A: {farm.good[:10]}").check()
    page.get_by_label(f"B: {farm.bad[:10]}").check()
    page.get_by_role("button", name="Compare").first.click()
    assert page.url.endswith(f"diff/{farm.good}/{farm.bad}")
    broken = page.get_by_role("region", name=re.compile("^Broken")).locator("tbody tr")
    assert {text.split("\t")[0].strip() for text in broken.all_inner_texts()} >= {"Block"}
    assert page.locator(".pair").inner_text().count("Use GELU in the block") == 1

    broken.get_by_role("link", name="Block").click()
    assert page.locator("h1").inner_text() == "Block block"
    strip = page.get_by_role("row", name=re.compile("^board")).last
    assert [cell.get_attribute("class") for cell in strip.locator("td").all()] == ["v s", "v f", "v f"]


def test_a_name_that_nothing_has_leads_back(open_page: Callable[..., Page]) -> None:
    page = open_page("?name=zzz", refused=True)
    assert page.get_by_role("alert").inner_text() == "no architecture named 'zzz'"
    page.get_by_role("link", name="Show all").first.click()
    assert page.locator('table.matrix th[scope="row"]').count() == 3


def test_the_way_by_keyboard_alone(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to the content"
    assert skip.bounding_box()["x"] >= 0, "it shows itself when it has the focus"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")
    for _ in range(20):
        if page.evaluate("document.activeElement.name") == "name":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("tiny")
    page.keyboard.press("Enter")
    page.wait_for_url("**name=tiny**")
    assert page.locator('table.matrix th[scope="row"]').count() == 1


def test_focus_goes_down_the_page_and_is_always_seen(open_page: Callable[..., Page]) -> None:
    page = open_page()
    count = page.evaluate(f"[...document.querySelectorAll('{STOPS}')].filter(e => e.checkVisibility()).length")
    met = []
    for _ in range(count):
        page.keyboard.press("Tab")
        met.append(page.evaluate(FOCUSED))
    assert [stop["at"] for stop in met] == sorted({stop["at"] for stop in met}), "in the order of the page, none twice"
    assert [stop for stop in met if not stop["outlined"] or not stop["seen"]] == []
    assert {stop["tag"] for stop in met} >= {"A", "INPUT", "BUTTON", "SUMMARY", "DIV"}


STOPS = 'a[href], button, input, summary, [tabindex="0"]'
#: Of what has the focus: its place in the document, whether it has an outline and is (not under a head that stays) on screen.
FOCUSED = """() => {
  const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
  const x = Math.max(box.left, 0) + Math.min(box.width, 20) / 2, y = Math.max(box.top, 0) + Math.min(box.height, 10) / 2;
  const top = document.elementFromPoint(x, y);
  return {
    at: [...document.querySelectorAll("*")].indexOf(e), tag: e.tagName, name: e.textContent.trim().slice(0, 40),
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    seen: top !== null && (e.contains(top) || top.contains(e)),
  };
}"""
