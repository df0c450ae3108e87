"""Some ninety edits of this repository's real files: each selects exactly whom it must, and not one is missed.

Who that is, the oracle tells, which builds every architecture once and knows nothing of the selector; see ``corpus``.
"""

import pytest

from tests.farm.source.corpus.different import CODE, NAMES
from tests.farm.source.corpus.repository import Corpus, observed
from tests.farm.source.corpus.same import SEEN, UNSEEN

EDITS = {**SEEN, **CODE, **NAMES}
#: Selected without need, by all edits that change a meaning, as a share of what they select.
MOST_OVER = 0.1


@pytest.fixture(scope="module")
def corpus():
    return Corpus()


@pytest.fixture(scope="module")
def facts():
    """What the oracle saw of each architecture."""
    return observed()


def test_edits_without_meaning_select_nothing(corpus):
    """Together where they are in different files; none may be missing."""
    batches = corpus.batches(UNSEEN)
    assert sorted(name for names in batches for name in names) == sorted(UNSEEN)
    for names in batches:
        found = corpus.select([UNSEEN[name] for name in names])
        assert {s.reason for s in found} == {"unchanged since then"}, f"one of {names}"


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_selects_exactly_whom_it_must(corpus, facts, what):
    edit = EDITS[what]
    found = corpus.select([edit])
    selected = {s.architecture.key for s in found if s.selected}
    truth, over = edit.truth(facts) | edit.new, edit.over(facts)
    assert truth - selected == set(), "missed"
    assert selected == truth | over
    assert {s.architecture.key for s in found if s.reason == "removed since then"} == edit.gone
    assert {s.architecture.key for s in found} == facts.keys() | edit.new


def test_what_is_selected_without_need_is_bounded(facts):
    needed = sum(len(edit.truth(facts) | edit.new) for edit in {**CODE, **NAMES}.values())
    over = sum(len(edit.over(facts) - edit.truth(facts)) for edit in {**CODE, **NAMES}.values())
    assert 0 < over <= MOST_OVER * (needed + over)


def test_the_oracle_saw_everything(corpus, facts):
    assert {a.key for a in corpus.before} == facts.keys()
    assert all(any(name.startswith("models.") for name in seen) for seen in facts.values())


def test_there_are_enough():
    assert len(CODE) + len(NAMES) >= 45
    assert len(UNSEEN) + len(SEEN) >= 35
