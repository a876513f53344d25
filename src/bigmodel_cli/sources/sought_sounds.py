"""Which files are looked for where sounds are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from bigmodel_cli.kinds.audio.files import names
from bigmodel_cli.sources.file_walk import Sought


class SoughtSounds(Sought):
    """Files that are called as sounds are."""

    noun: ClassVar[str] = "sound"
    plural: ClassVar[str] = "sounds"

    @property
    def suffixes(self) -> Collection[str]:
        return names.SOUND_SUFFIXES

    def is_kin(self, suffix: str) -> bool:
        return suffix in names.SOUND_SUFFIXES or suffix in names.OTHER_SOUND_SUFFIXES

    def ways_out(self, suffixes: Collection[str]) -> Sequence[str]:
        others = sorted(names.OTHER_SOUND_SUFFIXES & set(suffixes))
        return [f"convert {', '.join(others)} to use them: {names.CONVERT}"] if others else []


SOUNDS = SoughtSounds()
