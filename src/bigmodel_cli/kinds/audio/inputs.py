"""Files of sounds, folders of them, and arrays of samples."""

from __future__ import annotations

from typing import ClassVar

from bigmodel_cli.kinds.inputs import WalkingFinder
from bigmodel_cli.sources.file_walk import Sought
from bigmodel_cli.sources.sought_sounds import SOUNDS


class AudioFinder(WalkingFinder):
    """Finds files by their content; in folders those that are called as sounds are."""

    hint: ClassVar[str] = "give a sound, a folder of sounds, or a quoted glob"
    sought: ClassVar[Sought] = SOUNDS
