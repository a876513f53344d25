"""How the curves of many runs are told apart: by colour, by line and by mark, each of them enough alone."""

from __future__ import annotations

from dataclasses import dataclass

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), grey in place of yellow, which white swallows.
# The first one is that of text: black on white, white on black.
INK = "ink"
_COLORS = (INK, "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
# On and off, in widths of the line; none: no gaps.
_DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (5, 2),
    (1, 1.5),
    (6, 2, 1.5, 2),
    (10, 3),
    (3, 1.5),
    (6, 2, 1.5, 2, 1.5, 2),
    (2, 4),
)
# For matplotlib, and as a letter.
_MARKERS = (("o", "●"), ("s", "■"), ("^", "▲"), ("D", "◆"), ("v", "▼"), ("P", "✚"), ("X", "✖"), ("*", "★"))


@dataclass(frozen=True)
class Style:
    """How one run is drawn.

    Attributes:
        color: `#rrggbb`, or `INK`.
        dashes: On and off, in widths of the line; empty: a solid line.
        marker: As matplotlib calls it.
        letter: The same as a letter.
    """

    color: str
    dashes: tuple[float, ...]
    marker: str
    letter: str


def style(index: int) -> Style:
    """The style of the run with this index: of 8 runs, no two share anything; of 64, no two share all."""
    turn = index // len(_COLORS)
    marker, letter = _MARKERS[(index + turn) % len(_MARKERS)]
    return Style(_COLORS[index % len(_COLORS)], _DASHES[(index + turn) % len(_DASHES)], marker, letter)


@dataclass(frozen=True)
class Theme:
    """The colours around the curves.

    Attributes:
        paper: Behind everything.
        ink: Of text.
        grid: Of lines that only help.
    """

    paper: str
    ink: str
    grid: str

    def color(self, style: Style) -> str:
        """The colour of a run's curve."""
        return self.ink if style.color == INK else style.color


LIGHT = Theme("#ffffff", "#1b1f24", "#d8dce1")
DARK = Theme("#15181d", "#e8eaed", "#3a3f46")
