"""A whole farm on one machine, for development: ``farm up``."""
