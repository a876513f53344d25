"""That a run is the best of many, in words: what its scores are worth then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def chosen_sentence(chosen: Mapping[str, Any], split: str | None) -> str:
    """Of how many trials a run is the best, and which of its scores that makes too good.

    Args:
        chosen: As run.json has it.
        split: Of the scores beside it; None where there are none.
    """
    best = f"the best of {chosen['trials']} trials by {chosen['by']}"
    if split == "test":
        return f"{best}, which is a little too good therefore; the test split was looked at once"
    return f"{best}, so the scores of the validation split are a little too good"
