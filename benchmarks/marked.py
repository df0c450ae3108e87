"""Text that a script writes into a page by hand, between two marks."""

from pathlib import Path


def put(text: str, page: Path, begin: str, end: str) -> None:
    """Put ``text`` between the marks; raises ``ValueError`` where the page lacks one."""
    before, first, rest = page.read_text(encoding="utf-8").partition(begin)
    _, last, after = rest.partition(end)
    if not first or not last:
        raise ValueError(f"{page} has no {end if first else begin}")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def listed(names: list[str]) -> str:
    """Keys such as ``network:resnet18`` in one line, by kind; ``none`` of none."""
    kinds = dict.fromkeys(name.partition(":")[0] for name in names)
    of_kind = {kind: [name.partition(":")[2] for name in names if name.startswith(f"{kind}:")] for kind in kinds}
    return "; ".join(f"{kind} {', '.join(found)}" for kind, found in of_kind.items()) or "none"
