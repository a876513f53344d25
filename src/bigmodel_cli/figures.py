"""What all figures share: colours, sizes, and how one becomes a file."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.cut import cut, cut_front
from bigmodel_cli.errors import UsageError
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.whole_files import write_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart by colour-blind people too (https://jfly.uni-koeln.de/color/).
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
PALETTE = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#E69F00", "#8C6D31", "#7F7F7F", "#6A3D9A", "#B2182B")
LINE_STYLES = ("-", "--", "-.", ":")
DPI = 120
_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that belongs to no window system.

    Args:
        width: In inches.
        height: In inches.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, run: RunFolder, name: str) -> None:
    """Write a figure into plots/."""
    write_figure(figure, run.plot(name))


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure to a .png, .pdf or .svg file, whole or not at all."""
    kind = path.suffix.lower().lstrip(".")
    with any_letters():
        write_output(path, lambda temporary: figure.savefig(temporary, format=kind, dpi=DPI))


def svg(figure: Figure, label: str) -> str:
    """A figure as an `<svg>` for a page: its text is text, and its black the page's ink, on no background.

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


def check_plot(path: Path) -> None:
    """Find out before any work whether a file can be drawn.

    Raises:
        UsageError: If its ending is unknown.
    """
    if path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise UsageError(f"--plot {path}: expected a file that ends in .png, .pdf or .svg")


@contextmanager
def any_letters() -> Iterator[None]:
    """No warning where the font lacks a letter: it is drawn as a box, which shows as much."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from", UserWarning)
        yield


def tidy(axes: Any, title: str) -> None:
    """A title on the left, a light grid, and no frame where it says nothing."""
    axes.set_title(title, loc="left")
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def plain(text: str, limit: int = 24, *, front: bool = True) -> str:
    """A name as matplotlib shows it to the letter (`$` begins a formula), in one line.

    Args:
        text: The name.
        limit: Letters at most.
        front: Whether a long one keeps its beginning; of files the end tells one from another.
    """
    visible = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    short = cut(visible, limit) if front else cut_front(visible, limit)
    return short.replace("$", r"\$")
