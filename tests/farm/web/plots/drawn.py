"""What tests ask of every plot: valid XML, finite places inside of the view box, nothing that runs, a text for each."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

from hypothesis import strategies as st

SVG = "{http://www.w3.org/2000/svg}"
#: Texts with all that a document cannot hold, or would obey.
texts = st.one_of(
    st.text(max_size=40), st.sampled_from(["<script>alert(1)</script>", "a&b", "\"'", "\x00\x1b[31m\ud800", ""])
)
#: Any figure that a float can be.
figures = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 5e-324, 1.7976931348623157e308, 1e-7]))
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def parsed(svg: str) -> ElementTree.Element:
    """The plot as XML; fails where a figure in it stands outside of the view box, or is none."""
    root = ElementTree.fromstring(svg)
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    assert (left, top) == (0, 0)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"]
    for item in root.iter():
        across, down = _corners(item)
        assert all(math.isfinite(x) and 0 <= x <= width for x in across), item.attrib
        assert all(math.isfinite(y) and 0 <= y <= height for y in down), item.attrib
        assert item.tag.removeprefix(SVG) in {"svg", "line", "text", "title", "polyline", "circle", "path", "rect"}
        assert not any(name.startswith("on") or name in ("href", "style") for name in item.attrib)
    return root


def of_class(root: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    """The elements of a class, in the order in which they are drawn."""
    return [item for item in root.iter() if item.attrib.get("class") == kind]


def said(root: ElementTree.Element) -> list[str]:
    """What is written on the plot."""
    return ["".join(t for t in (item.text, *(child.tail for child in item)) if t) for item in root.iter(f"{SVG}text")]


def _corners(item: ElementTree.Element) -> tuple[list[float], list[float]]:
    said = item.attrib
    across = [float(said[name]) for name in ("x", "x1", "x2", "cx") if name in said]
    down = [float(said[name]) for name in ("y", "y1", "y2", "cy") if name in said]
    if item.tag == f"{SVG}rect":
        assert float(said["width"]) > 0 < float(said["height"])
        across.append(across[0] + float(said["width"]))
        down.append(down[0] + float(said["height"]))
    corners = [float(n) for n in _NUMBER.findall(said.get("points", "") or said.get("d", ""))]
    return across + corners[::2], down + corners[1::2]
