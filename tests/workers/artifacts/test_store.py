import hashlib

import pytest

from workers import artifacts
from workers.artifacts import (
    ArtifactCorrupt,
    ArtifactError,
    ArtifactMissing,
    ArtifactReadOnly,
    ArtifactUnavailable,
)
from workers.artifacts.store import check_size, object_name, verified

SHA = hashlib.sha256(b"x").hexdigest()


def test_all_errors_are_one_familys():
    for error in (ArtifactCorrupt, ArtifactMissing, ArtifactReadOnly, ArtifactUnavailable):
        assert issubclass(error, ArtifactError)
        assert error.__name__ in (artifacts.__doc__ or "")
    assert not issubclass(ArtifactError, OSError | ValueError)


def test_a_name_is_where_an_artifact_lies():
    assert object_name(SHA) == f"sha256/{SHA[:2]}/{SHA}"


@pytest.mark.parametrize(
    "name", ["", "abc", SHA[:-1], SHA + "0", SHA.upper(), "../" + SHA[3:], SHA[:-1] + "\n", "٣" * 64]
)
def test_no_other_name_exists(name):
    with pytest.raises(ValueError, match="is not a sha256 in hexadecimal"):
        object_name(name)


def test_content_is_compared_with_its_name():
    assert verified(b"x", SHA, "here") == b"x"
    with pytest.raises(ArtifactCorrupt, match=f"artifact {SHA} in here is damaged: its 1 bytes have sha256 "):
        verified(b"y", SHA, "here")


def test_sizes_are_capped():
    check_size(5, None, SHA, "here")
    check_size(5, 5, SHA, "here")
    with pytest.raises(ArtifactCorrupt, match="in here has 6 bytes, 5 at most were expected"):
        check_size(6, 5, SHA, "here")
