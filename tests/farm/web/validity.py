"""What is looked at in every page: whether it is HTML by the standard, its links lead somewhere, it can be read aloud."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

import html5lib


def parse(text: str) -> Element:
    """The page as a tree; raises at the first mistake that the standard calls one."""
    found: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    return found


def links(page: Element) -> Iterator[str]:
    """Whatever a page names by address."""
    for element in page.iter():
        for name in ("href", "src", "action"):
            if (value := element.get(name)) is not None:
                yield value


def dead_links(folder: Path) -> list[str]:
    """Links of the files in a folder that lead to no file, to no place in it, or out of the folder."""
    pages = {path: parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}
    places = {path: {e.get("id") for e in page.iter()} for path, page in pages.items()}
    dead = []
    for path, page in pages.items():
        for link in links(page):
            parts = urlsplit(link)
            if parts.scheme == "data":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            there = target in pages and (not parts.fragment or unquote(parts.fragment) in places[target])
            if parts.scheme or parts.query or not there:
                dead.append(f"{path.relative_to(folder)}: {link}")
    return dead


def lacks(page: Element) -> list[str]:
    """What a reader who does not see the page, or uses no mouse, would miss."""
    found = []
    if page.get("lang") is None:
        found.append("no language")
    levels = [int(e.tag[1]) for e in page.iter() if e.tag in ("h1", "h2", "h3", "h4")]
    if levels.count(1) != 1 or levels[0] != 1 or any(b > a + 1 for a, b in pairwise(levels)):
        found.append(f"headings are {levels}")
    for table in page.iter("table"):
        if table.find("caption") is None:
            found.append("a table without a caption")
        found += ["a th without scope" for th in table.iter("th") if th.get("scope") is None]
    labelled = {label.get("for") for label in page.iter("label")}
    inside = {id(field) for label in page.iter("label") for field in label.iter("input")}
    for field in page.iter("input"):
        if id(field) not in inside and field.get("id") not in labelled and field.get("aria-label") is None:
            found.append(f"no label for {field.get('name')}")
    found += ["an svg without a name" for svg in page.iter() if svg.tag.endswith("svg") and _unnamed(svg)]
    ids = [e.get("id") for e in page.iter() if e.get("id") is not None]
    found += [f"two elements are {name}" for name in set(ids) if ids.count(name) > 1]
    return found


def active(page: Element) -> list[str]:
    """What the policy forbids: scripts, styles of single elements, handlers, things from elsewhere."""
    found = [e.tag for e in page.iter() if e.tag in ("script", "iframe", "object", "embed")]
    for element in page.iter():
        names = element.attrib
        found += [f"{element.tag} {name}" for name in names if name == "style" or str(name).startswith("on")]
    return found + [link for link in links(page) if urlsplit(link).netloc]


def _unnamed(svg: Element) -> bool:
    return svg.get("aria-hidden") != "true" and svg.get("aria-label") is None and svg.get("aria-labelledby") is None
