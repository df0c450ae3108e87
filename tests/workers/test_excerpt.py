"""Excerpts keep the head and the tail, and count what is left out."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from workers.excerpt import Excerpt, excerpt

GAP = re.compile(r"\[\.\.\. (\d+) bytes left out \.\.\.\]")


@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(16, 200))
def test_head_and_tail_are_kept_and_the_rest_is_counted(parts: list[bytes], limit: int) -> None:
    kept, whole = Excerpt(limit), b"".join(parts)
    for part in parts:
        kept.add(part)
    if len(whole) <= limit:
        assert kept.text == whole.decode("utf-8", "replace")
        return
    head = limit // 4
    tail = len(whole) - (limit - head)
    assert kept.text == "\n".join(
        [
            whole[:head].decode("utf-8", "replace"),
            f"[... {tail - head} bytes left out ...]",
            whole[tail:].decode("utf-8", "replace"),
        ]
    )


@given(st.text(max_size=600), st.integers(64, 500))
def test_an_excerpt_of_a_text_is_within_its_limit(text: str, limit: int) -> None:
    made = excerpt(text, limit)
    assert len(made) <= limit
    if len(text) <= limit:
        assert made == text
        return
    head, count, tail = re.split(GAP, made, maxsplit=1) if GAP.search(text) is None else ("", "0", "")
    if count != "0":
        head, tail = head[:-1], tail[1:]
        assert text.startswith(head)
        assert text.endswith(tail)
        assert int(count) == len(text.encode()) - len((head + tail).encode())
