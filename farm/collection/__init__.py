"""Collecting garbage: artifacts that no bundle needs any more, and what killed processes left on this machine.

Why nothing is collected that somebody needs is in :mod:`farm.collection.collect`; what is needed, in
:mod:`farm.collection.needed`.
"""
