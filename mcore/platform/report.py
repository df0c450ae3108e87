"""The conversion report of a manifest as text for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: Names that one line tells.
_TOLD = 8
_LISTS = {
    "constants": "constants",
    "unused": "weights that no output needs",
    "remarks": "remarks",
}


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """Lines of text for what a conversion wrote into ``manifest.report``; nothing for a report that is empty.

    ::

        graph 0: 804 nodes; samples 128x192, 224x224; traced at 2x128x192, 3x160x224
          needs H > 8 (stages.0, models/net.py, Net.forward: if h > 8:)
        weights: pretrained, from torchvision (sha256 11ad3fa6c0ff)
        canonicalised: 3 in-place made functional, 2 dropout dropped
    """
    graphs = report.get("graphs", [])
    lines = []
    for index, graph in enumerate(graphs):
        name = "graph" if len(graphs) == 1 else f"graph {index}"
        serves, traced = ", ".join(graph["serves"]), ", ".join(graph["traced"])
        lines.append(f"{name}: {graph['nodes']} nodes; samples {serves}; traced at {traced}")
        lines += [f"  needs {guard}" for guard in graph["guards"]]
    if reason := report.get("fallback"):
        lines.append(f"one graph for each size, and no other sizes: {reason}")
    if weights := report.get("weights"):
        lines.append(f"weights: {_origin(weights)}")
    if counts := report.get("canonicalised"):
        lines.append("canonicalised: " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    lines += [f"{title}: {_first(report[key])}" for key, title in _LISTS.items() if report.get(key)]
    return lines


def _origin(weights: Mapping[str, str]) -> str:
    if weights["origin"] == "pretrained":
        return f"pretrained, from {weights['source']} (sha256 {weights['sha256'][:12]})"
    if weights["origin"] == "checkpoint":
        return f"checkpoint {weights['id']} (sha256 {weights['sha256'][:12]})"
    return "as the model had them" if weights["origin"] == "model" else weights["origin"]


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(names[:_TOLD]) + more
