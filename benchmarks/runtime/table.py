"""Rows as the Markdown table of docs/runtime.md: a line for each network, mode and number of threads."""

from collections.abc import Mapping, Sequence
from typing import Any


def markdown(rows: Sequence[Mapping[str, Any]], machine: Mapping[str, str]) -> str:
    """Our time, and its ratio to each peer."""
    peers = list(dict.fromkeys(row["peer"] for row in rows))
    lines = ["| network | threads | mode | ms | " + " | ".join(f"× {peer}" for peer in peers) + " |"]
    lines.append("|---|---|---|---|" + "---|" * len(peers))
    found: dict[tuple[str, int, str], dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["network"], row["threads"], row["mode"]), {})[row["peer"]] = row
    for (network, threads, mode), by_peer in found.items():
        ratios = [f"{by_peer[peer]['ratio']:.3g}" if peer in by_peer else "" for peer in peers]
        ours = next(iter(by_peer.values()))["ours_ms"]
        lines.append(f"| {network} | {threads} | {mode} | {ours:.1f} | " + " | ".join(ratios) + " |")
    versions = ", ".join(f"{name} {version}" for name, version in machine.items())
    return "\n".join([*lines, "", versions])
