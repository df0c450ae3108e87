"""Versions of everything outside the model code that shapes a bundle; told without importing any of it."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version

#: Raised where the same code may give another bundle than before and no hash sees it: the converter's own code is in every
#: closure hash, so an edit of it needs no raise.
CONVERTER_VERSION = "3"


def toolchain() -> dict[str, str]:
    """What a conversion here and now writes as ``toolchain`` into its manifest."""
    return {
        "converter": CONVERTER_VERSION,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        **{name: _version(name) for name in ("numpy", "torch")},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
