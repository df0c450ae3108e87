"""Capsules of attempts: what was observed here, to be replayed elsewhere (:mod:`workers.capsule`)."""
