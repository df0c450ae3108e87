"""How what an installation lacks is brought: no registry has this package."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

from farm.errors import InfrastructureError


def bring(extra: str) -> str:
    """What to type for an extra of ``pyproject.toml``, and where.

    Where the code of a clone is what runs, it is to stay so: without ``--editable`` a copy would take its place, by which
    later changes of the clone are not seen.
    """
    how = "--editable " if _runs_from_a_clone() else ""
    return f"pip install -c constraints.txt {how}'.[{extra}]' in a clone of the farm"


def require_torch() -> None:
    """Raise :class:`~farm.errors.InfrastructureError` where nothing can be converted: each network would be blamed for that."""
    if find_spec("torch") is None:
        raise InfrastructureError(f"converting needs torch: {bring('convert')}")


def _runs_from_a_clone() -> bool:
    """Whether the package was installed as editable, by what pip has written down of it (PEP 610)."""
    try:
        origin = distribution("device-farm").read_text("direct_url.json")
    except PackageNotFoundError:
        return False
    return bool(origin and json.loads(origin).get("dir_info", {}).get("editable"))
