"""The docs page of the op set, written from the registry: ``python -m mcore.platform.ops.page > docs/ops.md``."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable
from itertools import groupby

import mcore.platform.ops as families
from mcore.platform.dtypes import DType
from mcore.platform.ops import registry
from mcore.platform.ops.registry import REQUIRED, Attribute, Op

_KINDS = {
    "int": "integer",
    "float": "number",
    "bool": "truth value",
    "str": "word",
    "dtype": "dtype",
    "number": "number",
    "scalar": "number or size",
    "size": "size",
    "ints": "integers",
    "floats": "numbers",
    "sizes": "sizes",
    "single": "integer",
    "pair": "two integers, or one for both",
    "triple": "three integers, or one for all",
    "size_single": "size",
    "size_pair": "two sizes, or one for both",
    "size_triple": "three sizes, or one for all",
}

_HEAD = """\
# The op set

<!-- Written by: python -m mcore.platform.ops.page > docs/ops.md -->

These are all ops that a graph of the Platform may hold: {count} of them, in {families} families. Names, arguments and meaning
are those of `torch.nn.functional` and `torch.Tensor`. The same declarations make the eager functions of `mcore.functional`,
the checks of a graph that is read, and the plain kernels that every other implementation is tested against.

A **call** is shown as an op is called: inputs are tensors, `x?` one that may be absent, `*tensors` one or more; what has a
value is an attribute at its default. Where a parameter is an input and an attribute of one name (`other`), a tensor is the
one and a number the other. A **size** is a whole number, or an expression in the sizes of the network's inputs (`H // 2`).
Element types are {dtypes}.

What holds for every op:

- Types promote as in torch: bool < integer < floating; a number, and a tensor of rank 0, change only the kind of a result,
  never its width. The default types are int64 and float32.
- A negative dimension counts from the end. Tensors without elements are legal.
- NaN goes through, and is the largest value where there is an order; overflow gives infinity, never an error.
- Sums and means of floating values are taken in float64 and rounded once; float16 is computed in float32.
- Where torch leaves a choice (the order of equal elements), the Platform has one fixed answer, which the op states.
"""


def page() -> str:
    """The page, as Markdown."""
    by_family = [(name, list(ops)) for name, ops in groupby(sorted(registry.ops(), key=_place), lambda op: op.family)]
    dtypes = ", ".join(f"`{dtype}`" for dtype in DType)
    count = sum(len(ops) for _, ops in by_family)
    contents = [f"| [{_title(name)}](#{_title(name).replace(' ', '-')}) | {_names(ops)} |" for name, ops in by_family]
    parts = [
        _HEAD.format(count=count, families=len(by_family), dtypes=dtypes),
        "\n".join(["| family | ops |", "|---|---|", *contents]),
        *(_family(name, ops) for name, ops in by_family),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _place(op: Op) -> tuple[str, str]:
    return op.family, op.name


def _title(family: str) -> str:
    return f"{family.replace('_', ' ')} ops"  # one of another name than any op


def _names(ops: Iterable[Op]) -> str:
    return " · ".join(f"[{op.name}](#{op.name})" for op in ops)


def _family(name: str, ops: list[Op]) -> str:
    about = _prose(inspect.getdoc(getattr(families, name)) or "")
    return "\n".join([f"\n## {_title(name)}\n", about, *map(_section, ops)])


def _section(op: Op) -> str:
    lines = [f"\n### {op.name}\n", f"`{_call(op)}`\n", _prose(op.doc)]
    if rule := inspect.getdoc(op.infer):
        lines.append(f"\nResult: {_lowered(_prose(rule))}")
    if op.attributes:
        lines += ["", *(f"- `{a.name}`: {_kind(a)}" for a in op.attributes)]
    return "\n".join(lines)


def _call(op: Op) -> str:
    """The op as it is called: inputs by name, attributes with their defaults."""
    inputs = {i.strip("*?"): i for i in op.inputs}
    attributes = {a.name: a for a in op.attributes}
    shown = []
    for name in op.parameters:
        if name in inputs:
            shown.append(inputs[name] if name not in attributes else name)
        else:
            default = attributes[name].default
            shown.append(name if default is REQUIRED else f"{name}={_value(default)}")
    return f"{op.name}({', '.join(shown)})"


def _kind(attribute: Attribute) -> str:
    kind = _KINDS[attribute.kind.rstrip("?")]
    if attribute.kind.endswith("?"):
        kind += ", or `None`"
    return kind + ("" if attribute.default is REQUIRED else f"; `{_value(attribute.default)}` by default")


def _value(default: object) -> str:
    return str(default) if not isinstance(default, str) else f'"{default}"'


def _prose(doc: str) -> str:
    """A docstring as Markdown: its roles and double quotes of code made single."""
    text = inspect.cleandoc(doc)
    text = re.sub(r":\w+:`~?([\w.]+)`", lambda m: f"[{m[1].rsplit('.', 1)[-1]}](#{m[1].rsplit('.', 1)[-1]})", text)
    return text.replace("``", "`")


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


if __name__ == "__main__":
    sys.stdout.write(page())
