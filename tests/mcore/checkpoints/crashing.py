"""Saves, removals and collections that are killed at the first step, at the second, and so on until one gets through.

A step is whatever opens, renames or removes a file of the store, and the moment before a commit. One process does all, by fork:
each victim begins where its parent stands, with everything imported. Prints a JSON line for each kill.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from mcore.checkpoints import CheckpointStore
from tests.mcore.checkpoints.conftest import put

STEPS = {"open", "os.rename", "os.remove"}


def operations() -> dict[str, Callable[[CheckpointStore], object]]:
    """What is killed; each begins with a store that has two checkpoints on one backbone, and an orphan's share in it."""
    return {
        "save": lambda s: put(s, 0, head=3, state=b"state"),
        "delete": lambda s: s.delete([_named(s, "second")]),
        "collect": lambda s: s.collect(),
    }


def _named(store: CheckpointStore, tag: str) -> str:
    return next(c.id for c in _all(store) if tag in c.metadata.tags)


def _all(store: CheckpointStore) -> list:  # type: ignore[type-arg]
    return [store.get(v.id) for v in store.verify()]


def victim(root: Path, url: str, operation: str, at: int) -> None:
    store = CheckpointStore(root, url)
    left = [at]

    def step(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(name: str, arguments: tuple[object, ...]) -> None:
        if name in STEPS and str(root) in str(arguments[0]):
            step()

    event.listen(Engine, "commit", step)
    sys.addaudithook(hook)
    operations()[operation](store)


def main(root: Path, url: str, names: list[str]) -> None:
    os.fsync = lambda _: None  # a killed process's writes are the system's already; it is power cuts that this is for
    original = root.with_name("original")
    before = prepare(original, url.replace(str(root), str(original)))
    for operation in names:
        at, survived = 0, False
        while not survived:
            at += 1
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(original, root)
            store = CheckpointStore(root, url)
            store.reindex()  # the database of a server is as the last victim left it
            store.close()
            child = os.fork()
            if not child:
                victim(root, url, operation, at)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            survived = status == 0
            print(json.dumps({"operation": operation, "at": at, "survived": survived, **look(root, url, before)}))


def prepare(root: Path, url: str) -> list[str]:
    store = CheckpointStore(root, url)
    gone = put(store, 0, head=0)
    ids = [put(store, 0, head=1, tags=("first",)).id, put(store, 0, head=2, tags=("second",)).id]
    store.delete([gone.id])
    store.close()
    return ids


def look(root: Path, url: str, before: list[str]) -> dict[str, object]:
    """What whoever opens the store next finds."""
    store = CheckpointStore(root, url)
    verified = store.verify()
    ids = [v.id for v in verified]
    store.collect()
    found = {
        "problems": [p for v in (*verified, *store.verify()) for p in v.problems],
        "missing": [id for id in before if id not in ids],
        "new": len([id for id in ids if id not in before]),
        "garbage": [*store.collect().removed, *store.collect().compacted],
        "journal": os.listdir(root / ".journal"),
        "states": len(list(root.rglob("*.state.safetensors"))),
    }
    store.close()
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
