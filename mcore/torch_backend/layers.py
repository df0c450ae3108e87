"""Base layers of the torch backend: torch's own."""

from torch.nn import *  # noqa: F403
