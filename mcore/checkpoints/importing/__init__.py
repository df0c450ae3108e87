"""Weights that exist elsewhere, into the store: what lies in a folder is planned first, and then stored, or only told."""

from mcore.checkpoints.importing.planning import Build, Planned, plan_import, store_planned

__all__ = ["Build", "Planned", "plan_import", "store_planned"]
