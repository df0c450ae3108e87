"""Fixtures that several folders of tests share."""

pytest_plugins = ["tests.farm.databases", "tests.workers.artifacts.buckets"]
