"""``python -m farm.reference``: write every generated page of docs/ anew, at the root of the repository."""

from __future__ import annotations

import sys
from pathlib import Path

from farm.reference import pages, write

FOLDER = Path("docs")

if not (FOLDER / "ops.md").is_file():
    sys.exit("farm.reference: the pages of the reference are not in docs/ here: run it at the root of the repository")
for place in write(FOLDER, pages()):
    print(f"wrote {place}")
