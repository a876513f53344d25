"""A column's histogram as a small SVG drawing inside the page, whose colours follow the page's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from bigmodel_cli.markup import visible

_WIDTH, _HEIGHT, _TOP, _GAP = 240, 84, 4, 10
# Masataka Okabe and Kei Ito: Color Universal Design (2008); they differ for every eye, on both grounds.
CLASS_COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
_DASHES = {"validation": "4 3", "test": "1.5 2"}


def histogram(column: Mapping[str, Any]) -> str:
    """The bars of training, by class where there are few, with a line for each other split.

    Args:
        column: As the document has it.
    """
    bars = column["histogram"]
    counts = bars["counts"]
    train = counts["train"]
    shares = {split: _shares(of_split) for split, of_split in counts.items()}
    highest = max((share for of_split in shares.values() for share in of_split), default=0) or 1.0
    frame = _Frame(len(bars["bars"]), train[-1] > 0 or any(of_split[-1] for of_split in counts.values()))
    parts = [*_bars(bars, shares["train"], highest, frame)]
    for split, dashes in _DASHES.items():
        if split in shares:
            parts.append(_outline(shares[split], highest, frame, dashes))
    label = f"histogram of {sum(train):,} rows of train"
    return (
        f'<svg class=histogram viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


class _Frame:
    """Where bars stand.

    Args:
        count: Bars of values.
        has_missing: Whether another one is drawn behind them, for what is missing.
    """

    def __init__(self, count: int, has_missing: bool) -> None:
        self.count = count
        self.has_missing = has_missing
        self.step = (_WIDTH - _GAP * has_missing) / (count + has_missing)

    @property
    def shown(self) -> int:
        return self.count + self.has_missing

    def left(self, bar: int) -> float:
        return bar * self.step + _GAP * (bar == self.count)

    def top(self, share: float, highest: float) -> float:
        return _TOP + (_HEIGHT - _TOP) * (1 - share / highest)


def _shares(counts: Sequence[int]) -> list[float]:
    total = max(1, sum(counts))
    return [count / total for count in counts]


def _bars(bars: Mapping[str, Any], shares: Sequence[float], highest: float, frame: _Frame) -> Iterator[str]:
    """A bar for each range or value, cut by class; what it stands for appears where a pointer rests."""
    total = max(1, sum(bars["counts"]["train"]))
    names = [*bars["bars"], "missing"]
    for bar in range(frame.shown):
        by_class = [counts[bar] / total for counts in bars["classes"].values()] or [shares[bar]]
        tops = list(accumulate(by_class))
        hint = f"<title>{visible(names[bar])}: {bars['counts']['train'][bar]:,} rows of train</title>"
        pieces = "".join(
            f'<rect x="{frame.left(bar):.1f}" y="{frame.top(top, highest):.1f}" '
            f'width="{max(0.5, frame.step - 1):.1f}" '
            f'height="{(_HEIGHT - _TOP) * part / highest:.1f}" fill="{_color(bars, number)}"/>'
            for number, (top, part) in enumerate(zip(tops, by_class, strict=True))
            if part
        )
        is_missing = " opacity=.55" if bar == frame.count else ""
        yield f"<g{is_missing}>{hint}{pieces}</g>"


def _color(bars: Mapping[str, Any], number: int) -> str:
    return CLASS_COLORS[number] if bars["classes"] else "var(--bar)"


def _outline(shares: Sequence[float], highest: float, frame: _Frame, dashes: str) -> str:
    """The tops of another split's bars as one line."""
    path = []
    for bar in range(frame.shown):
        y = frame.top(shares[bar], highest)
        move = "M" if bar in (0, frame.count) else "L"
        path.append(f"{move}{frame.left(bar):.1f} {y:.1f}H{frame.left(bar) + frame.step - 0.5:.1f}")
    return (
        f'<path d="{"".join(path)}" fill="none" stroke="var(--text)" stroke-width="1.3" '
        f'stroke-dasharray="{dashes}"/>'
    )
