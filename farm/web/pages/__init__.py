"""The pages, a module each; a new one is a module with a ``PAGE``, and a line here."""

from farm.web.page import Page
from farm.web.pages import architecture, attempt, checkpoints, commits, devices, diff, regressions, submissions, table

PAGES: tuple[Page, ...] = (
    table.FRONT,
    table.ASKED,
    table.PAGE,
    commits.PAGE,
    diff.ASKED,
    diff.PAGE,
    regressions.LIST,
    regressions.PAGE,
    architecture.ASKED,
    architecture.PAGE,
    architecture.AT,
    attempt.PAGE,
    submissions.LIST,
    submissions.PAGE,
    devices.LIST,
    devices.PAGE,
    devices.UNIT,
    checkpoints.LIST,
    checkpoints.PAGE,
)
