"""The commits that were submitted."""
