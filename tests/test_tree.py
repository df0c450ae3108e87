"""The tests lie where the code lies: a folder of tests is that of a package."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("benchmarks", "farm", "mcore", "models", "workers")
#: Of no package: operators of torch through both backends and the conversion at once.
OF_NONE = {"mcore/parity"}


def test_every_folder_of_tests_is_that_of_a_package() -> None:
    tests = ROOT / "tests"
    folders = {file.parent.relative_to(tests) for package in PACKAGES for file in (tests / package).rglob("test_*.py")}
    assert len(folders) > 50
    assert {folder.as_posix() for folder in folders if not (ROOT / folder / "__init__.py").is_file()} == OF_NONE
