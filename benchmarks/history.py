"""What the selection says on real commits, beside what really changed: a sample of architectures, converted before and after.

``python -m benchmarks.history [--repository DIR] [--revision REV] [--commits N] [--architectures K] [--kinds KIND ...]
[--seed S] [--results FILE] [--json]``. Of the newest commits with one parent that touch code that counts, each is compared
with its parent: K architectures, half of them selected where there are as many, are converted at both. A bundle changed where
its graph, without the places in code that its nodes came from, its weights or its samples did, or its conversion ends
otherwise. What changed is converted once more at both; where that gives another bundle of the same code, it is unstable, and
says nothing of the selection.

One row a commit and architecture goes to FILE at once; a run that is begun again takes up where the last one ended.
"""

import argparse
import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from farm.conversion.request import architecture_target
from farm.conversion.runner import convert_items
from farm.conversion.source import CommitSource
from farm.conversion.wire import Item, Result
from farm.git import Commit, Repository
from farm.inventory import Inventory, load_inventory
from farm.planning.plan import Entry, SourceReader, make_plan

SCHEMA = "benchmark-history/1"
#: Of a selection and the change of a bundle: hit and miss, too much, and rightly left out.
UNSTABLE = "unstable"
WORDS = {(True, True): "hit", (False, True): "miss", (True, False): "over", (False, False): "left out"}
#: Fields of the graph that say where in the code something came from.
_PLACES = {"source", "origins"}

Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--repository", type=Path, default=Path(__file__).parent, help="default: this one")
    parser.add_argument("--revision", default="HEAD", help="where the walk begins (default: %(default)s)")
    parser.add_argument("--commits", type=int, default=10, help="how many (default: %(default)s)")
    parser.add_argument("--architectures", type=int, default=8, help="of each commit (default: %(default)s)")
    parser.add_argument("--kinds", nargs="+", metavar="KIND", help="only architectures of these kinds")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default: %(default)s)")
    parser.add_argument("--results", type=Path, default=Path("history.jsonl"), help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="figures and rows as JSON on standard output")
    options = parser.parse_args()
    repository = Repository.find(options.repository)
    inventory = load_inventory(repository.root / "inventory.yaml")
    known = _known(options.results)
    with options.results.open("a") as results:
        for row in rows(repository, inventory, options, known):
            results.write(json.dumps(row) + "\n")
            results.flush()
            known.append(row)
            print(f"{row['commit'][:10]} {row['architecture']}: {row['word']}", file=sys.stderr)
    figures = figures_of(known)
    if options.json:
        print(json.dumps({"schema": SCHEMA, **figures, "rows": known}, indent=1))
    else:
        print(*(f"{name:12} {value}" for name, value in figures.items()), sep="\n")


def rows(
    repository: Repository, inventory: Inventory, options: argparse.Namespace, known: Sequence[Row]
) -> Iterator[Row]:
    """A row for each architecture of the sample of each commit that is not known yet."""
    reader = SourceReader(repository, inventory)
    done = {(row["commit"], row["architecture"]) for row in known}
    for commit in touching(repository, inventory.catalogue.packages, options.revision, options.commits):
        plan = make_plan(reader, inventory, changed_since=commit.parents[0], commit=commit.sha)
        before = {a.key for a in reader.closures_at(commit.parents[0])}
        kinds = options.kinds or inventory.catalogue.levels
        entries = [e for e in plan.entries if e.architecture.key in before and e.architecture.kind in kinds]
        sample = sampled(entries, options.architectures, f"{options.seed} {commit.sha}")
        sample = [e for e in sample if (commit.sha, e.architecture.key) not in done]
        old, new = (converted(repository, inventory, sha, sample) for sha in (commit.parents[0], commit.sha))
        differing = [e for e in sample if old[e.architecture.key] != new[e.architecture.key]]
        again = [converted(repository, inventory, sha, differing) for sha in (commit.parents[0], commit.sha)]
        for entry in sample:
            key, selected = entry.architecture.key, entry.selection.selected
            changed = entry in differing
            stable = not changed or (old[key], new[key]) == (again[0][key], again[1][key])
            yield {
                "commit": commit.sha,
                "subject": commit.subject,
                "architecture": key,
                "selected": selected,
                "changed": changed,
                "word": WORDS[selected, changed] if stable else UNSTABLE,
                "parts": sorted(p for p in {*old[key], *new[key]} if old[key].get(p) != new[key].get(p)),
                "reason": entry.selection.reason,
            }


def touching(repository: Repository, packages: Sequence[str], revision: str, count: int) -> list[Commit]:
    """The newest commits with one parent whose files in ``packages`` are not their parent's."""
    found: list[Commit] = []
    for sha in repository.ancestors(revision, 100 * count):
        commit = repository.commit_info(sha)
        if len(commit.parents) == 1:
            new, old = (
                {p: i for p, i in repository.tree(s).entries.items() if p.split("/")[0] in packages}
                for s in (sha, commit.parents[0])
            )
            if new != old and new and old:
                found.append(commit)
        if len(found) == count:
            break
    return found


def sampled(entries: Sequence[Entry], count: int, seed: str) -> list[Entry]:
    """``count`` entries: half of them selected, half not, as far as there are so many of each."""
    order = sorted(entries, key=lambda e: e.architecture.key)
    random.Random(seed).shuffle(order)
    chosen = [e for e in order if e.selection.selected]
    others = [e for e in order if not e.selection.selected]
    half = max(count // 2, count - len(others))
    return [*chosen[:half], *others[: count - len(chosen[:half])]]


def converted(
    repository: Repository, inventory: Inventory, sha: str, sample: Sequence[Entry]
) -> Mapping[str, Mapping[str, str]]:
    """What conversion at a commit makes of each architecture: hashes of the parts of its bundle, or how it ended."""
    found: dict[str, Mapping[str, str]] = {}
    if not sample:
        return found
    with tempfile.TemporaryDirectory(prefix="history-") as name:
        source = CommitSource(repository, sha).export(Path(name) / "source")
        items = [
            Item(e.architecture.key, e.architecture.kind, target, str(Path(name) / f"bundle{i}"))
            for i, e in enumerate(sample)
            if (target := architecture_target(inventory, e.architecture.kind, e.architecture.name))
        ]
        folders = {item.key: Path(item.folder) for item in items}
        for event in convert_items(source, items):
            if isinstance(event, Result):
                found[event.key] = {"outcome": event.outcome} if event.outcome else parts_of(folders[event.key])
                shutil.rmtree(folders[event.key], ignore_errors=True)
    return found


def parts_of(folder: Path) -> dict[str, str]:
    """Hash of each file of a bundle but its manifest; of a graph without the places in code."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "manifest.json":
            content = path.read_bytes()
            if path.suffix == ".json":
                content = json.dumps(_without_places(json.loads(content)), sort_keys=True).encode()
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return found


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_places(v) for k, v in value.items() if k not in _PLACES}
    return [_without_places(v) for v in value] if isinstance(value, list) else value


def figures_of(known: Sequence[Row]) -> dict[str, Any]:
    """Counts, precision (how much of what is selected changed) and recall (how much of what changed is selected)."""
    counts = Counter(row["word"] for row in known)
    selected, changed = counts["hit"] + counts["over"], counts["hit"] + counts["miss"]
    return {
        "commits": len({row["commit"] for row in known}),
        "architectures": len(known),
        "hits": counts["hit"],
        "misses": counts["miss"],
        "over": counts["over"],
        "left_out": counts["left out"],
        "unstable": counts[UNSTABLE],
        "precision": round(counts["hit"] / selected, 3) if selected else None,
        "recall": round(counts["hit"] / changed, 3) if changed else None,
    }


def _known(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


if __name__ == "__main__":
    main()
