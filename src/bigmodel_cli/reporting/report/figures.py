"""Figures as SVG inside the page, in its colours."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from bigmodel_cli.figures import any_letters

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)


def svg(figure: Figure, label: str) -> str:
    """A figure as an `<svg>` whose text is text, and whose black is the page's ink, on no background.

    Args:
        figure: What was drawn.
        label: What it shows, for those who cannot see it.
    """
    import matplotlib as mpl

    buffer = io.StringIO()
    with any_letters(), mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": label}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = _METADATA.sub("", _HEAD.sub("", buffer.getvalue()))
    text = text.replace("#000000", "currentColor")
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
