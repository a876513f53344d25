"""What an audit sees of a column of masks."""

from __future__ import annotations

from bigmodel_cli.kinds.image.profile import ImageProfile


class MaskProfile(ImageProfile):
    """Which files there are; nothing is decoded."""
