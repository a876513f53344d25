"""Files of sounds, folders of them, and arrays of samples."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from bigmodel_cli.kinds.audio.files.opening import recorded
from bigmodel_cli.kinds.inputs import Group, Part, WalkingFinder
from bigmodel_cli.sources.file_walk import Sought
from bigmodel_cli.sources.sought_sounds import SOUNDS

# A part that lacks less than that of its step at the end is whole; what is behind the last one is heard if it
# is a larger share of a part than that.
_ROUNDING, _HEARD = 1e-6, 0.01


class AudioFinder(WalkingFinder):
    """Finds files by their content; in folders those that are called as sounds are."""

    hint: ClassVar[str] = "give a sound, a folder of sounds, or a quoted glob"
    sought: ClassVar[Sought] = SOUNDS

    def along(self, path: Path, every: float) -> Group:
        parts = [part for name in self.files(path).names for part in self._parts(Path(name), every)]
        return Group([str(part) for part in parts], parts=parts)

    def _parts(self, path: Path, every: float) -> list[Part]:
        """Those that lie in it as a whole, and one at its end; of a shorter recording the one that it is."""
        length, seconds = recorded(path).seconds, self.kind.format.seconds
        count = max(1, int((length - seconds) / every + _ROUNDING) + 1)
        parts = [Part(path, number * every, number * every + seconds) for number in range(count)]
        if length - parts[-1].end > _HEARD * seconds:
            parts.append(Part(path, length - seconds, length))
        return parts
