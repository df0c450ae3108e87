"""The pages, a module each; a new one is a module with a ``PAGE``, and a line here."""

from farm.web.page import Page
from farm.web.pages import commits, diff, table

PAGES: tuple[Page, ...] = (table.FRONT, table.ASKED, table.PAGE, commits.PAGE, diff.ASKED, diff.PAGE)
