"""The support table at a commit, how two differ, and what became of one row."""
