"""Files of text."""

from __future__ import annotations

from typing import ClassVar

from bigmodel_cli.kinds.inputs import WalkingFinder
from bigmodel_cli.sources.file_walk import Sought
from bigmodel_cli.sources.sought_texts import TEXTS


class TokensFinder(WalkingFinder):
    """Finds files of text; in folders those that are called so."""

    hint: ClassVar[str] = "give a .txt file, or a folder of them; `bigmodel generate` writes text"
    sought: ClassVar[Sought] = TEXTS
