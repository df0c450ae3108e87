"""docs/api.md, of what the application says of itself."""

from __future__ import annotations

from pathlib import Path

from farm.settings import Settings
from farm.web.api.reference import reference
from farm.web.app import create_app


def page() -> str:
    """The whole page."""
    return reference(create_app(Settings.load(Path.cwd(), {})).openapi())
