"""The document of a submission, made by one; that of everything else is held to its schema where it is made."""

from __future__ import annotations

from tests.acceptance.farm_processes import Farm, ModelRepository


def test_a_submission_of_what_is_known(copied: tuple[ModelRepository, Farm]) -> None:
    _, farm = copied
    document = farm.document("submit", "--all")  # held to its schema
    assert (document["schema"], document["counts"]) == (
        "farm-submit/1",
        {"numpy": {"SUPPORTED": 3}, "exact": {"SUPPORTED": 3}},
    )
    assert document["cost"]["jobs"] == 0
    assert {one["architecture"] for one in document["selected"]} == {"tiny", "wide", "Block"}
