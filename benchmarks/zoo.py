"""The public architectures as bundles with calibrated weights: what benchmarks over the zoo measure."""

import hashlib
import importlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcore.convert import toplatform
from mcore.platform.bundle import Bundle
from mcore.platform.format import read_bundle

FOLDERS = {
    "network": "networks",
    "backbone": "backbones",
    "neck": "necks",
    "head": "heads",
    "attention": "attention",
    "block": "basicblocks",
}


@dataclass(frozen=True, slots=True)
class Architecture:
    """A public name of a family."""

    kind: str
    name: str

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.name}"


def architectures(names: Sequence[str] = ()) -> list[Architecture]:
    """Those of these names or keys, by default all, in a fixed order that mixes the families.

    Raises:
        SystemExit: there is none of a name.
    """
    known = [
        Architecture(kind, name)
        for kind, folder in FOLDERS.items()
        for name in importlib.import_module(f"models.{folder}").__all__
    ]
    if unknown := [name for name in names if not any(name in (a.name, a.key) for a in known)]:
        raise SystemExit(f"there is no architecture {unknown[0]!r}")
    chosen = [a for a in known if not names or a.name in names or a.key in names]
    return sorted(chosen, key=lambda a: hashlib.sha256(a.key.encode()).digest())


def bundles(chosen: Sequence[Architecture]) -> Iterator[tuple[Architecture, Bundle]]:
    """Each converted as a submission does it, one at a time."""
    for architecture in chosen:
        made = getattr(importlib.import_module(f"models.{FOLDERS[architecture.kind]}"), architecture.name)()
        with tempfile.TemporaryDirectory(prefix="zoo-") as name:
            folder = Path(name) / "bundle"
            toplatform(made, folder, architecture=architecture.name, kind=architecture.kind, weights="calibrated")
            yield architecture, read_bundle(folder)
