"""The site of the documentation, by Sphinx and MyST: `make docs`.

The source folder is the root of the repository, so that pages link to one another, to SECURITY.md and to the tests that prove
them, by the same relative paths as on a forge. Nothing of the site is fetched from elsewhere: fonts are the reader's own, the
search is in files, and all of it is read from ``file://`` too.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

project = "Device farm"
author = copyright = "the authors of the device farm"
root_doc = "docs/index"
extensions = ["myst_parser"]

include_patterns = ["docs/*.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"]
#: Folders that a checkout fills: the search for pages leaves them alone.
exclude_patterns = [
    folder.name for folder in Path(__file__).parent.parent.iterdir() if folder.is_dir() and folder.name != "docs"
]

#: Headings are linked to as on GitHub; a link to a heading that is not there is a warning, and so the end of the build.
myst_heading_anchors = 4

html_theme = "furo"
html_title = "Device farm"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_css_files = ["site.css"]
html_static_path = ["static"]

#: What a browser would fetch by itself from another machine.
_FETCHED = re.compile(r'<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)="(?:https?:)?//[^"]*"')


def setup(app: Sphinx) -> None:
    """Have the site looked through when it is written."""
    app.connect("build-finished", _look_for_what_is_fetched)


def _look_for_what_is_fetched(app: Sphinx, error: Exception | None) -> None:
    """A page that fetches something from elsewhere is a warning, and so the end of the build."""
    for page in [] if error else Path(app.outdir).rglob("*.html"):
        for found in _FETCHED.findall(page.read_text(encoding="utf-8")):
            logging.getLogger(__name__).warning("%s fetches from elsewhere: %s", page.name, found)
