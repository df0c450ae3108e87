"""Elements of SVG as texts that are valid XML and valid HTML, whatever stands in them."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

#: What XML 1.0 has no way to write, and what a font draws over its neighbours.
_UNFIT = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Letters of a label, about, in a line of so many pixels.
_LETTER = 6.2


def element(name: str, *children: str, **attributes: str | float) -> Markup:
    """An element; texts among its children are escaped, ``_`` in the name of an attribute stands for ``-``."""
    said = "".join(f' {key.strip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    inside = "".join(child if isinstance(child, Markup) else escape(fit(child)) for child in children)
    return Markup(f"<{name}{said}>{inside}</{name}>")  # noqa: S704  # every part was escaped


def figure(width: float, height: float, title: str, description: str, *children: Markup) -> Markup:
    """A whole plot: an image, which its ``title`` and ``description`` tell to those who do not see it."""
    return element(
        "svg",
        *children,
        xmlns="http://www.w3.org/2000/svg",
        class_="plot",
        role="img",
        aria_label=f"{title}: {description}",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
    )


def label(text: str, x: float, y: float, anchor: str = "start", *, room: float | None = None) -> Markup:
    """A line of letters; where there is ``room`` for fewer, its middle is left out, and shown by pointing at it."""
    shown = text if room is None else shortened(text, max(int(room / _LETTER), 3))
    whole = [element("title", text)] if shown != text else []
    return element("text", *whole, shown, x=x, y=y, text_anchor=anchor, font_size=11, fill="currentColor")


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """A straight line of the class ``kind``."""
    return element("line", class_=kind, x1=x1, y1=y1, x2=x2, y2=y2, stroke="currentColor")


def number(value: float) -> str:
    """A place or a size in pixels, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def fit(text: str) -> str:
    """``text`` without what no document can hold."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)


def shortened(text: str, most: int) -> str:
    """``text`` in ``most`` letters: the beginning and the end say most of a path."""
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def said(value: float) -> str:
    """A figure in words of a plot, to three digits."""
    return f"{value:.3g}"


def _value(value: str | float) -> str:
    return escape(fit(value)) if isinstance(value, str) else number(value)
