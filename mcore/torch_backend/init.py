"""Initialisation on the torch backend: torch's own."""

from torch.nn.init import *  # noqa: F403
