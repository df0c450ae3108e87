"""How well it is predicted what a device makes of an architecture that it has not run: ``python -m benchmarks.prediction``.

``[--quick] [--json] [--graphs FOLDER]``. Simulated devices that lack ops, or bound kernels, channels and ranks, are drawn from
a seed; which architectures they pass follows from the graphs, which are captured as a conversion does (kept in FOLDER if it
is given: that is what takes the time). Each architecture is predicted by the evidence of all others, once from devices that
name what they lack, once from devices that only fail. Beside the Brier score stand those of two simple predictions: the share
of the others that pass, and the rule of a list of ops, by which an architecture passes whose ops were all in one that passes.
``--quick`` takes blocks, attention and necks, and four devices.
"""

import argparse
import json
import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # read when NumPy and torch are imported
os.environ["MCORE_BACKEND"] = "torch"

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.prediction.devices import Device, drawn
from benchmarks.prediction.graphs import QUICK, graphs_of_the_zoo
from benchmarks.prediction.measure import WORDS, Trial, after_few, brier, left_out, reliability
from benchmarks.zoo import FOLDERS
from farm.prediction.traits import traits_of

SCHEMA = "benchmark-prediction/1"
SIZES = (5, 10, 20, 50, 100)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prediction", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--devices", type=int, help="how many (default: 12; 4 with --quick)")
    parser.add_argument(
        "--graphs", type=Path, metavar="FOLDER", help="where captured graphs are kept for the next time"
    )
    parser.add_argument("--json", action="store_true", help="the figures as JSON on standard output")
    options = parser.parse_args()
    made = measured(options.quick, options.devices or (4 if options.quick else 12), options.graphs)
    print(json.dumps({"schema": SCHEMA, **made}, indent=1) if options.json else text(made))


def measured(quick: bool, devices: int, kept: Path | None) -> dict[str, Any]:
    """All figures; progress on standard error."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
    graphs = {}
    for name, own in graphs_of_the_zoo(QUICK if quick else tuple(FOLDERS), kept):
        graphs[name] = own
        print(f"\r{len(graphs)} captured: {name:40}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    traits = {name: traits_of(own) for name, own in graphs.items()}
    chosen = drawn(devices, graphs)
    started = time.perf_counter()
    trials = list(left_out(chosen, traits))
    few = list(after_few(chosen, traits, [size for size in SIZES if size < len(traits) - 1]))
    return {
        "architectures": len(traits),
        "traits": len({trait for own in traits.values() for trait in own}),
        "seconds": round(time.perf_counter() - started, 1),
        "rows": [
            {
                "device": d.name,
                "profile": d.profile,
                "broken": sorted(d.broken),
                "passing": round(d.passing, 3),
                **scores(own),
            }
            for d in chosen
            for words in WORDS
            if (own := [t for t in trials if (t.device, t.words) == (d.name, words)])
        ],
        "total": [
            {"devices": devices, **scores(own)}
            for devices, names in _groups(chosen).items()
            for words in WORDS
            if (own := [t for t in trials if t.device in names and t.words == words])
        ],
        "reliability": {words: reliability([t for t in trials if t.words == words]) for words in WORDS},
        "growth": [
            {"evidence": size, **scores(own)}
            for size in sorted({size for size, _ in few})
            for words in WORDS
            if (own := [t for s, t in few if (s, t.words) == (size, words)])
        ],
    }


def _groups(devices: Sequence[Device]) -> dict[str, set[str]]:
    return {
        "that only lack something": {d.name for d in devices if not d.broken},
        "that also fail for no reason": {d.name for d in devices if d.broken},
        "all": {d.name for d in devices},
    }


def scores(trials: list[Trial]) -> dict[str, Any]:
    """Of trials of one kind: Brier scores, and of the failures for which an op was named, how often it was the right one."""
    named = [t.right for t in trials if t.right is not None]
    return {
        "words": trials[0].words,
        "trials": len(trials),
        "brier": round(brier(trials), 4),
        "brier_base_rate": round(brier(trials, "base_rate"), 4),
        "brier_rule": round(brier(trials, "rule"), 4),
        "named": len(named),
        "named_right": sum(named),
    }


def text(made: dict[str, Any]) -> str:
    """The figures as Markdown, as docs/prediction.md has them."""
    lines = [f"{made['architectures']} architectures, {made['traits']} traits, {made['seconds']} s", ""]
    total = [(f"{row['devices']}, {row['words']}", *_scores(row)) for row in made["total"]]
    lines += _table(("devices", "Brier", "share", "rule", "op named, and rightly"), total)
    for words, bins in made["reliability"].items():
        lines += ["", f"Reliability, {words}:", ""]
        cells = [(f"{b['from']:.1f}", str(b["trials"]), f"{b['chance']:.3f}", f"{b['passing']:.3f}") for b in bins]
        lines += _table(("chance from", "trials", "mean chance", "passed"), cells)
    lines += ["", "After few architectures:", ""]
    growth = [(f"{row['evidence']}, {row['words']}", *_scores(row)[:3]) for row in made["growth"]]
    lines += _table(("evidence", "Brier", "share", "rule"), growth)
    return "\n".join(lines)


def _scores(row: dict[str, Any]) -> tuple[str, str, str, str]:
    named = f"{row['named_right']} of {row['named']}"
    return f"{row['brier']:.4f}", f"{row['brier_base_rate']:.4f}", f"{row['brier_rule']:.4f}", named


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (heads, ("---",) * len(heads), *rows)]


if __name__ == "__main__":
    main()
