"""Where conversions are made, a converter's or an audit's."""

from __future__ import annotations

from workers.artifacts.scratch import Scratch

CONVERSIONS = Scratch("farm-conversion-")
