"""Errors are one line, and know their exit code."""

import pytest

from farm.errors import FarmError
from farm.source import errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.GitError("git log failed: broken"), 3),
        (errors.NotARepositoryError("/tmp: not inside a git repository; go to one, or run git init"), 2),
        (errors.UnknownRevisionError("mian", known=["main", "other"]), 4),
        (errors.FileNotInTreeError("a.py", "0123"), 4),
        (errors.BadCatalogueError("catalogue: two levels have the same folder"), 2),
    ],
)
def test_exit_codes(error, code):
    assert error.exit_code == code
    assert isinstance(error, errors.SourceError)
    assert isinstance(error, FarmError)
    assert "\n" not in str(error)


def test_the_tree_in_the_docstring_names_all():
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.SourceError)]
    assert len(classes) == 6
    for kind in classes:
        assert f"{kind.__name__} " in errors.__doc__


@pytest.mark.parametrize(
    ("revision", "known", "expected"),
    [
        ("mian", ["main", "other"], "revision 'mian': no such commit, branch or tag; did you mean main?"),
        ("0123", ["main"], "revision '0123': no such commit, branch or tag"),
        ("x", [], "revision 'x': no such commit, branch or tag"),
    ],
)
def test_unknown_revisions(revision, known, expected):
    assert str(errors.UnknownRevisionError(revision, known=known)) == expected


def test_another_reason():
    assert str(errors.UnknownRevisionError("HEAD~1", "nothing comes before it")) == (
        "revision 'HEAD~1': nothing comes before it"
    )
