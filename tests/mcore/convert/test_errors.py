"""The tree of errors: who is to blame is the class, what and where is one line."""

from __future__ import annotations

import pytest

from mcore.convert import errors

TREE = {
    "ConversionError": "Exception",
    "ModelFailed": "ConversionError",
    "CaptureRefused": "ConversionError",
    "ReferenceInvalid": "ConversionError",
    "VerificationFailed": "ConversionError",
    "RuleDisagrees": "VerificationFailed",
}


def test_the_tree_is_the_one_that_the_docstring_draws():
    found = {
        name: kind.__base__.__name__
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert found == TREE
    assert all(name in errors.__doc__ for name in TREE)


def test_a_failure_of_the_model_is_one_line_with_the_place():
    error = errors.ModelFailed(ValueError("first line\nsecond line"), "body.0 (Conv2d), net.py:3")
    assert str(error) == "body.0 (Conv2d), net.py:3: the model's forward raised ValueError: first line"
    assert isinstance(error.error, ValueError)


@pytest.mark.parametrize(("place", "text"), [("net.py:3", "net.py:3: does this"), ("", "does this")])
def test_a_refusal_says_what_and_where(place, text):
    error = errors.CaptureRefused("does this", place)
    assert str(error) == text
    assert (error.what, error.place) == ("does this", place)
