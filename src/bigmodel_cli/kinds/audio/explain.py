"""Where in a sound something is that a model decides by."""

from __future__ import annotations

from bigmodel_cli.kinds.audio.kind import AudioKind
from bigmodel_cli.kinds.explain import Places


class AudioPlaces(Places):
    """Not shown."""

    def __init__(self, kind: AudioKind) -> None:
        super().__init__(kind)
        self.why_not = f"this model takes sounds: {kind.described}"
