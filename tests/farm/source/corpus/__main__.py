"""``python -m tests.farm.source.corpus [--json]``: the figures of the mutation corpus that docs/selection.md has."""

import argparse
import json

from tests.farm.source.corpus.different import CODE, NAMES
from tests.farm.source.corpus.repository import Corpus, observed
from tests.farm.source.corpus.same import SEEN, UNSEEN

parser = argparse.ArgumentParser(prog="python -m tests.farm.source.corpus", description=__doc__)
parser.add_argument("--json", action="store_true", help="figures as JSON on standard output")
options = parser.parse_args()
corpus, facts = Corpus(), observed()
rows = []
for sort, edits in {
    "without meaning, unseen": UNSEEN,
    "without meaning, seen": SEEN,
    "of code": CODE,
    "of names": NAMES,
}.items():
    selected = missed = over = 0
    for edit in edits.values():
        chosen = {s.architecture.key for s in corpus.select([edit]) if s.selected}
        truth = edit.truth(facts) | edit.new
        selected, missed, over = selected + len(chosen), missed + len(truth - chosen), over + len(chosen - truth)
    rows.append({"edits": sort, "count": len(edits), "selected": selected, "missed": missed, "over": over})
if options.json:
    print(json.dumps({"schema": "selection-corpus/1", "architectures": len(facts), "rows": rows}, indent=1))
else:
    for row in rows:
        print(
            f"{row['edits']:24} {row['count']:4} edits {row['selected']:6} selected {row['missed']:4} missed {row['over']:5} over"
        )
