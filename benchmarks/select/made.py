"""A model repository made by script: a thousand public names in several hundred files, and what each of them is made of.

Built like a real one: blocks of layers, helpers and other blocks; backbones of blocks; necks and heads; networks of a
backbone, a neck and a head, or of blocks alone; every level's ``__init__.py`` re-exports its names. The same seed makes the
same files.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

LEVELS = {
    "basicblocks": "Block", "attention": "Attention", "necks": "Neck", "heads": "Head", "backbones": "Backbone",
    "networks": "Network",
}  # fmt: skip
#: Public names of each level; a thousand in all.
COUNTS = {"basicblocks": 300, "attention": 50, "necks": 50, "heads": 100, "backbones": 200, "networks": 300}
A_FILE = 3
LAYERS = tuple(f"Layer{i}" for i in range(60))
HELPERS = tuple(f"helper{i}" for i in range(120))

_CLASS = '''\
class {name}(Module):
    """{kind} number {number}: {count} parts, after a paper that was never written.

    Args:
        in_channels: of the input, (N, C, H, W).
        width: of what is inside.
        scale: of the residual.
    """

    expansion = {expansion}

    def __init__(self, *, in_channels: int = {channels}, width: int = WIDTH, scale: float = {scale}) -> None:
        super().__init__()
        self.in_channels, self.width, self.scale = in_channels, width, scale
        self.parts = ModuleList()
        for i in range({depth}):
            channels = {helper}(width * (i + 1))
            self.parts.append(Layer0(in_channels, channels))
            in_channels = channels
{parts}

    def forward(self, x):
        identity = x  # (N, C, H, W)
        for part in self.parts:
            x = part(x)
{calls}
        if x.shape == identity.shape:
            x = x * self.scale + identity
        return {helper}(x)

    def extra_repr(self) -> str:
        return f"in_channels={{self.in_channels}}, width={{self.width}}, scale={{self.scale:.2f}}"
'''


@dataclass(frozen=True)
class Made:
    """Files by path, and by public name the public names that it is made of directly."""

    files: Mapping[str, str]
    uses: Mapping[str, frozenset[str]]
    homes: Mapping[str, str] = field(default_factory=dict)

    def made_of(self, name: str) -> set[str]:
        """All public names that reach ``name``, itself included: what an edit of it selects."""
        found = {name}
        while new := {n for n, used in self.uses.items() if used & found} - found:
            found |= new
        return found


def make(seed: int = 0, share: float = 1.0) -> Made:
    """The repository; ``share`` of its thousand names."""
    chance = random.Random(seed)
    files, uses, homes = dict(_foundation()), {}, {}
    names: dict[str, list[str]] = {}
    for level, stem in LEVELS.items():
        names[level] = [f"{stem}{i}" for i in range(round(COUNTS[level] * share))]
        exported: dict[str, list[str]] = {}
        for start in range(0, len(names[level]), A_FILE):
            path = f"models/{level}/part{start // A_FILE}.py"
            group = names[level][start : start + A_FILE]
            parts = {name: _parts(chance, level, names, names[level][:start]) for name in group}
            uses |= {name: frozenset(p) for name, p in parts.items()}
            homes |= dict.fromkeys(group, path)
            files[path] = _module(chance, level, start, parts, homes)
            exported[path] = group
        files[f"models/{level}/__init__.py"] = _package(exported)
    return Made(files, uses, homes)


def _parts(chance: random.Random, level: str, names: Mapping[str, Sequence[str]], before: Sequence[str]) -> list[str]:
    """What one thing of a level is made of: of lower levels, and of its own only what is in earlier files."""
    blocks, attention = names["basicblocks"], names.get("attention", [])
    match level:
        case "basicblocks":
            pools = [(before, chance.randint(0, 2))]
        case "attention":
            pools = [(blocks[:20], 1)]
        case "necks" | "heads":
            pools = [(blocks, 2), (attention, chance.randint(0, 1))]
        case "backbones":
            pools = [(blocks, chance.randint(2, 5)), (attention, chance.randint(0, 1))]
        case _:
            whole = chance.random() < 0.8
            pools = [(names[n], 1) for n in ("backbones", "necks", "heads")] if whole else [(blocks, 6)]
    return [n for pool, count in pools for n in chance.sample(list(pool), min(count, len(pool)))]


def _foundation() -> Iterator[tuple[str, str]]:
    classes = [f"class {name}(torch.nn.{name}):\n    pass\n" for name in ("Module", "ModuleList")]
    yield "mcore/__init__.py", ""
    yield "mcore/module.py", "import torch\n\n\n" + "\n\n".join(classes)
    layers = [
        f"class {n}(Module):\n    def __init__(self, one, other):\n        super().__init__()\n"
        f"        self.sizes = one, other\n\n    def forward(self, x):\n        return F.relu(x) * {i}\n"
        for i, n in enumerate(LAYERS)
    ]
    head = "import torch.nn.functional as F\n\nfrom mcore.module import Module\n"
    yield from _split("mcore/layers", LAYERS, head, layers)
    yield "models/__init__.py", "from mcore.layers import *\nfrom mcore.layers import __all__ as __all__\n"
    helpers = [f"def {n}(x, factor=FACTOR):\n    return x * factor + {i}\n" for i, n in enumerate(HELPERS)]
    yield from _split("models/utils", HELPERS, "FACTOR = 2\n", helpers)


def _split(folder: str, names: Sequence[str], head: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A package of definitions, four a file."""
    exported = {}
    for start in range(0, len(names), 4):
        path = f"{folder}/part{start // 4}.py"
        yield path, "\n\n".join([head, *texts[start : start + 4]])
        exported[path] = names[start : start + 4]
    yield f"{folder}/__init__.py", _package(exported)


def _module(
    chance: random.Random, level: str, start: int, parts: Mapping[str, Sequence[str]], homes: Mapping[str, str]
) -> str:
    layers = chance.sample(LAYERS[1:], 3)
    helpers = chance.sample(HELPERS, len(parts))
    used = sorted({n for group in parts.values() for n in group})
    imports = [
        "from mcore.module import Module, ModuleList",
        f"from models import {', '.join(['Layer0', *layers])}",
        *(f"from {homes[n].removesuffix('.py').replace('/', '.')} import {n}" for n in used),
        f"from models.utils import {', '.join(helpers)}",
    ]
    last = f"        self.last = {layers[0]}(1, 2)"
    classes = [
        _CLASS.format(
            name=name,
            kind=level,
            number=start,
            count=len(group),
            expansion=chance.randint(1, 4),
            channels=chance.choice((3, 16, 64)),
            scale=chance.random(),
            depth=chance.randint(1, 4),
            helper=helper,
            parts="\n".join([f"        self.part{i} = {p}()" for i, p in enumerate(group)] + [last]),
            calls="\n".join(f"        x = self.part{i}(x)" for i in range(len(group))) or "        x = x + 1",
        )
        for (name, group), helper in zip(parts.items(), helpers, strict=True)
    ]  # fmt: skip
    head = f'"""{level} from number {start} on."""\n\n' + "\n".join(imports) + f"\n\nWIDTH = {chance.randint(8, 512)}\n"
    return "\n\n".join([head, *classes])


def _package(exported: Mapping[str, Sequence[str]]) -> str:
    lines = [
        f"from {path.removesuffix('.py').replace('/', '.')} import {', '.join(group)}"
        for path, group in exported.items()
    ]
    names = sorted(n for group in exported.values() for n in group)
    return "\n".join(lines) + f"\n\n__all__ = {names}\n"
