"""Texts of a config that say a comparison, a threshold or a period."""

from __future__ import annotations

import re
from typing import NamedTuple

_GATE = re.compile(r"\s*(>=|<=|>|<|==)\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(%?)\s*", re.ASCII)
_THRESHOLD = re.compile(r"\s*(precision|recall)\s*>=\s*(\d+(?:\.\d+)?|\.\d+)\s*(%?)\s*", re.ASCII)
_EVERY = re.compile(r"(?:([1-9]\d{0,8}) )?(epoch|step|second|minute|hour)s?", re.ASCII)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


def parse_gate(text: str) -> tuple[str, float]:
    """`>= 0.99` or `>= 99%` as an operator and a number.

    Raises:
        ValueError: If it is neither.
    """
    match = _GATE.fullmatch(text)
    if not match:
        raise ValueError(f'expected a comparison such as ">= 0.99", found {text!r}')
    return match.group(1), float(match.group(2)) / (100 if match.group(3) else 1)


def parse_threshold(text: str) -> tuple[str, float]:
    """`f1`, `balanced_accuracy` or `precision >= 0.9` as a measure and its bound, 0 without one.

    Raises:
        ValueError: If it is none of these.
    """
    if text in ("f1", "balanced_accuracy"):
        return text, 0.0
    match = _THRESHOLD.fullmatch(text)
    if not match or not 0 < float(match.group(2)) / (100 if match.group(3) else 1) <= 1:
        raise ValueError(
            'expected f1, balanced_accuracy, or a bound such as "precision >= 0.9" or "recall >= 0.9", '
            f"found {text!r}"
        )
    return match.group(1), float(match.group(2)) / (100 if match.group(3) else 1)


class Every(NamedTuple):
    """A period; one of the three is set."""

    epochs: int | None = None
    steps: int | None = None
    seconds: int | None = None


def parse_every(text: str) -> Every:
    """`epoch`, `2 epochs`, `500 steps` or `10 minutes` as a period.

    Raises:
        ValueError: If it is none of these.
    """
    match = _EVERY.fullmatch(text)
    if not match:
        raise ValueError(f"expected `epoch`, `N epochs`, `N steps` or `N minutes`, found {text!r}")
    count, unit = int(match.group(1) or 1), match.group(2)
    if unit in _SECONDS:
        return Every(seconds=count * _SECONDS[unit])
    return Every(epochs=count) if unit == "epoch" else Every(steps=count)
