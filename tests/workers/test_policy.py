"""A policy is a value: named, versioned, never changed."""

import dataclasses
import json

import pytest

from tests.workers.policies import FP16, FP32
from workers.policy import Policy


def test_rows_refer_to_a_policy_by_name_and_version() -> None:
    assert FP32.key == "fp32/1"
    assert dataclasses.replace(FP32, version=2).key == "fp32/2"


def test_a_policy_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FP32.rtol = 1.0  # type: ignore[misc]


@pytest.mark.parametrize("policy", [FP32, FP16])
def test_plain_data_makes_the_same_policy_again(policy: Policy) -> None:
    assert Policy(**json.loads(json.dumps(policy.to_json()))) == policy
