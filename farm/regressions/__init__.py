"""Regressions as objects: what turned from passing to failing, between which commits, why, and when it was mended.

::

    lines        where a cell turned, over a graph of commits; pure
    signature    what failures are alike; pure
    cause        whose fault a regression is, by the two bundles and the two stacks; pure
    lineage      the graph of commits, as submissions recorded it
    readings     what was tested of one cell, at which commits and stacks
    matching     which row stands for which regression; pure
    rows         the rows that follow from it, made and brought up to date
    follow       what the coordinator, submissions and conversions call when a verdict is new
    evidence     the two bundles on the two stacks, and the jobs that are still missing for it
    known        known issues: signatures that somebody answers for, until a day
    telling      what others are told of when one opens or closes
    definition   the definition that changed, from the two closures
    listing      what ``farm regressions`` and the pages show
"""
