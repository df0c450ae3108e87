"""The docs page of the format, written from the modules that read and write it: ``python -m farm.reference``."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

import mcore.platform.bundle as bundle
from mcore.platform import dims
from mcore.platform.format import attributes, graph_json, limits, manifest, meaning, samples, tensors
from mcore.platform.graph import OPSET, VERSION

_HEAD = """\
# The format

A *bundle* is a folder: what a conversion makes, the store keeps, and a device host replays. This page is of version
{version} of graphs, with op set {opset}, and of `{schema}`; another version of either is refused by its name. The ops are in
[the op set](ops.md). What is said here is said by the modules of `mcore/platform/format`.
"""

_SECTIONS: tuple[tuple[str, ModuleType], ...] = (
    ("The bundle", bundle),
    ("`graph.json`", graph_json),
    ("Attributes", attributes),
    ("Sizes", dims),
    ("`weights.safetensors`", tensors),
    ("`samples/HxW.safetensors`", samples),
    ("`manifest.json`", manifest),
    ("Identity", meaning),
)
_SIZES = {30: "GiB", 20: "MiB", 10: "KiB"}


def page() -> str:
    """The page, as Markdown."""
    version = ".".join(map(str, VERSION))
    parts = [
        "<!-- Written by: python -m farm.reference, of mcore.platform.format -->",
        _HEAD.format(version=version, opset=OPSET, schema=manifest.SCHEMA),
        *(f"## {title}\n\n{prose(inspect.getdoc(module) or '')}\n" for title, module in _SECTIONS),
        _limits(),
    ]
    return "\n".join(parts)


def prose(doc: str) -> str:
    """A docstring in reStructuredText, as far as this project's use it, as Markdown."""
    blocks = re.split(r"\n\n(?!    )", doc)
    return "\n\n".join(_block(block) for block in blocks if block.strip() != "::")


def _block(block: str) -> str:
    if block.startswith("==="):
        return _table(block)
    text, _, code = block.partition("\n\n    ")
    lines = [_inline(text.removesuffix("::").rstrip() + (":" if text.endswith("::") and text != "::" else ""))]
    if code:
        shown = re.sub(r"^    ", "", code, flags=re.MULTILINE)
        lines.append(f"```text\n{shown}\n```")
    return "\n\n".join(line for line in lines if line)


def _inline(text: str) -> str:
    """Roles and code: a module or class that a docstring names is code here, for nobody to follow."""
    text = re.sub(r":\w+:`~?\.?([\w.]+)`", lambda found: f"``{found[1]}``", text)
    return re.sub(r"``(.+?)``", r"`\1`", text).replace("\n    ", "\n")


def _table(block: str) -> str:
    """A simple table: columns are where the signs of its rules stand."""
    lines = block.splitlines()
    columns = [found.span() for found in re.finditer("=+", lines[0])]
    ends = [begin for begin, _ in columns[1:]] + [None]
    rows = [
        [line[begin:end].strip() for (begin, _), end in zip(columns, ends, strict=True)]
        for line in lines
        if not line.startswith("==")
    ]
    head, *body = rows
    made = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(_inline(cell) for cell in row)} |" for row in made)


def _limits() -> str:
    """The caps with the comments that stand above them, as the source has them."""
    about = inspect.getdoc(limits) or ""
    parts = [f"## Limits\n\n{_inline(about)}\n", "| limit | at most |", "|---|---|"]
    parts += [f"| `{name}` | {_said(name, value)} |" for name, value in vars(limits).items() if name.isupper()]
    return "\n".join(parts) + "\n"


def _said(name: str, value: int) -> str:
    if name == "INTEGER":
        return "2^63 - 1"
    if name.endswith("BYTES"):
        shift, unit = next((shift, unit) for shift, unit in _SIZES.items() if value >= 1 << shift)
        return f"{value >> shift} {unit}"
    return f"{value:,}"
