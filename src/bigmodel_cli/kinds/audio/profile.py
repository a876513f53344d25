"""What an audit sees of a column of sounds."""

from __future__ import annotations

from bigmodel_cli.kinds.image.profile import ImageProfile


class AudioProfile(ImageProfile):
    """Which files there are; nothing is decoded."""
