"""How far a submission is, in words: a line for a log, and what stands in the cells of a terminal's table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from farm.planning.cost import CONVERSION
from farm.progress.stages import Progress, Rest, Stage, whole
from farm.words import span

#: Pieces of work that a terminal names beside one another.
NAMED = 4


def line(progress: Progress, found: Mapping[str, Rest]) -> str:
    """All of it in one line."""
    said = "; ".join(_stages(progress)) or "nothing is left to do"
    rest = rest_words(whole(found))
    return f"{said}; {rest} to go" if rest else said


def rest_words(rest: Rest) -> str:
    """``about 12 s``; empty where nothing is known, and nothing unknown either."""
    if rest.seconds and rest.unknown:
        return f"about {span(rest.seconds)} and {rest.unknown} of unknown length"
    if rest.unknown:
        return f"{rest.unknown} of unknown length"
    return f"about {span(rest.seconds)}" if rest.seconds else ""


def rest_at_a_glance(rest: Rest) -> str:
    """The same as short as it goes, with ``?`` for what is unknown."""
    known = span(rest.seconds) if rest.seconds else ""
    return known + ("+?" if known and rest.unknown else "?" if rest.unknown else "")


def at_work(stage: Stage) -> str:
    """Who is at what, and since when; or why nobody is."""
    named = []
    for work in stage.under_way[:NAMED]:
        unit = f"{work.unit}: " if work.unit else ""
        since = f" ({span(work.seconds)})" if work.seconds else ""
        named.append(f"{unit}{work.architecture.partition(':')[2]}{since}")
    if len(stage.under_way) > NAMED:
        named.append(f"and {len(stage.under_way) - NAMED} more")
    if stage.waits:
        named.append(f"{len(stage.queued)} wait: {stage.waits}")
    return ", ".join(named)


def _stages(progress: Progress) -> Iterator[str]:
    for stage in progress.stages:
        if not stage.total:
            continue
        what = "converted" if stage.name == CONVERSION else "done"
        name = "" if stage.name == CONVERSION else f"{stage.name}: "
        more = [f"{stage.failed} in vain"] if stage.failed else []
        if stage.left and (working := at_work(stage)):
            more.append(working)
        yield f"{name}{stage.done} of {stage.total} {what}" + (f" ({'; '.join(more)})" if more else "")
    if progress.repeats:
        yield f"{progress.repeats} to be converted again"
