"""Files of text."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from bigmodel_cli.errors import UsageError
from bigmodel_cli.kinds.inputs import Finder, Group


class TokensFinder(Finder):
    """Finds files of text; in folders those that are called so."""

    hint: ClassVar[str] = "give a .txt file, or a folder of them; `bigmodel generate` writes text"

    def files(self, path: Path) -> Group:
        if not path.is_dir():
            return Group([str(path)])
        found = sorted(
            each for each in path.rglob("*.txt") if not any(part.startswith(".") for part in each.parts)
        )
        if not found:
            raise UsageError(f"{path}: no .txt file in this folder")
        return Group([str(each) for each in found])

    @property
    def passed_over(self) -> str | None:
        return None
