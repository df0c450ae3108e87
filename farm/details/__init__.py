"""One thing whole, for who wants to know why: an attempt, a unit, a device type, a submission, an architecture.

Values without markup, read from the database in a few queries each: what a page, a document and a command have in common.
"""
