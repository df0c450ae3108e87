"""The source code of one recorded commit, laid out as files for the converter's child process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from farm.errors import InfrastructureError
from farm.git import Repository
from farm.source.tree import SourceTree


@dataclass(frozen=True, slots=True)
class CommitSource:
    """Files of a commit, or of the working tree while it still is what was submitted."""

    repository: Repository
    key: str

    def export(self, folder: Path) -> Path:
        """Write all files below ``folder``; raises :class:`~farm.errors.InfrastructureError` where the state is gone."""
        return write_tree(self._tree(), folder)

    def _tree(self) -> SourceTree:
        if "+" not in self.key:
            return self.repository.tree(self.key)
        tree = self.repository.working_tree()
        if tree.key != self.key:
            raise InfrastructureError(
                f"the uncommitted state {self.key} is gone: the working tree is {tree.key} now; submit it again"
            )
        return tree


def write_tree(tree: SourceTree, folder: Path) -> Path:
    """Write all files of ``tree`` below ``folder``, which is returned."""
    for path in tree.paths():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(tree.read(path))
    return folder
