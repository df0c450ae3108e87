"""How what an installation lacks is brought: no registry has this package."""

from __future__ import annotations

from importlib.util import find_spec

from farm.errors import InfrastructureError


def bring(extra: str) -> str:
    """What to type for an extra of ``pyproject.toml``, and where."""
    return f"pip install -c constraints.txt '.[{extra}]' in a clone of the farm"


def require_torch() -> None:
    """Raise :class:`~farm.errors.InfrastructureError` where nothing can be converted: each network would be blamed for that."""
    if find_spec("torch") is None:
        raise InfrastructureError(f"converting needs torch: {bring('convert')}")
