"""The environment of templates: everything that is put into a page is escaped, and a name that is not there is an error."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from farm.web.page import Page
from farm.web.words import (
    CLASSES,
    OUTCOMES,
    SYMBOLS,
    breakable,
    brief,
    date,
    decibel,
    figure,
    moment,
    plain,
    short,
    size,
)
from farm.words import percent, span

FOLDER = Path(__file__).parent
STYLE = FOLDER / "static" / "style.css"


def make_environment(pages: Sequence[Page]) -> Environment:
    """For pages, which are its navigation too."""
    made = Environment(
        loader=PackageLoader("farm.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"date": date, "moment": moment, "figure": figure, "percent": percent}
    made.filters |= {"short": short, "brief": brief, "breakable": breakable}
    made.filters |= {"decibel": decibel, "plain": plain, "size": size, "span": span}
    made.globals |= {
        "navigation": tuple((page.name, page.heading) for page in pages if page.heading),
        "symbols": SYMBOLS,
        "classes": CLASSES,
        "outcomes": OUTCOMES,
        "style_sheet": lambda: Markup(style()),  # noqa: S704  # ours, and a test looks that no < is in it
    }
    return made


@cache
def style() -> str:
    """The style sheet."""
    return STYLE.read_text(encoding="utf-8")
