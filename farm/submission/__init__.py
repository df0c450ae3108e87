"""Entering a submission, and what it came to."""
