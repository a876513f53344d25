"""Masks, for simple models: texts, which nobody gives to one."""

from __future__ import annotations

from bigmodel_cli.kinds.category.baseline import CategoryEncoder


class MaskEncoder(CategoryEncoder):
    """As of words."""
