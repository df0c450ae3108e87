"""What values are called on pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from farm.states.verdict import Verdict
from farm.web.templating import style
from farm.web.words import CLASSES, SYMBOLS, breakable, figure, moment, short


def test_a_long_name_may_break_between_its_words() -> None:
    assert breakable("ClassificationHead") == "Classification<wbr>Head"
    assert breakable("vit_tiny_patch16_224") == "vit_<wbr>tiny_<wbr>patch16_<wbr>224"
    assert breakable("resnet50") == "resnet50"


@given(st.text())
def test_a_name_is_escaped_and_loses_nothing(name: str) -> None:
    assert breakable(name).replace("<wbr>", "") == escape(name)


def test_every_verdict_has_a_symbol_and_a_class_that_is_styled_by_both() -> None:
    for verdict in Verdict:
        rule = f'.v.{CLASSES[verdict.value]}::before {{ content: "{SYMBOLS[verdict.value]}"; }}'
        assert rule in style()
        assert f'> :first-child::before {{ content: "{SYMBOLS[verdict.value]}"; }}' in style()
    assert len(set(CLASSES.values())) == len(Verdict)


def test_text_stands_out_from_what_is_behind_it() -> None:
    """At 4.5 : 1 or more, in light and in dark; https://www.w3.org/TR/WCAG21/#contrast-minimum."""
    parts = style().partition("@media (prefers-color-scheme: dark)")
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w+)", part.partition("* {")[0])) for part in (parts[0], parts[2]))
    for colours in (light, light | dark):
        for text in ("ink", "soft", "link", "s", "f", "p", "u", "n", "m"):
            for behind in ("paper", "raised", "head", *([f"{text}-bg"] if f"{text}-bg" in colours else [])):
                assert contrast(colours[text], colours[behind]) >= 4.5, (text, behind, colours[text])


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_key_is_short_and_says_that_there_were_changes() -> None:
    assert short("0123456789abcdef") == "0123456789"
    assert short("0123456789abcdef+dirty.1234567890abc") == "0123456789+dirty.12345678"


def test_times_are_in_utc_and_missing_numbers_are_nothing() -> None:
    there = datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert moment(there) == moment(there.astimezone(UTC)) == "2026-02-28 23:30 UTC"
    assert (figure(None), figure(0.12345)) == ("", "0.123")
