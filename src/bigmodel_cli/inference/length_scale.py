"""By what texts of different lengths are compared where the likeliest one is searched for."""

from __future__ import annotations

from typing import Any


def length_scale(tokens: Any, penalty: float) -> Any:
    """What the log-likelihood of a text is divided by, since each token more makes a text less likely.

    Args:
        tokens: How many it has, a number or a tensor of floats.
        penalty: The power of ((5 + tokens) / 6) that is taken (Wu et al. 2016, arXiv:1609.08144).
    """
    return ((5.0 + tokens) / 6.0) ** penalty
