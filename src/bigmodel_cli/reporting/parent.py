"""What a run says of the one that it started from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def parent_sentence(parent: Mapping[str, Any]) -> str:
    """Which run it is, what came from it, and how much of what is held out it was trained on."""
    new = f"; new: {', '.join(parent['new'])}" if parent.get("new") else ""
    counts = parent.get("trained_on") or {}
    seen = " and ".join(f"{count:,} {name} examples" for name, count in counts.items())
    leak = f"; it was trained on {seen} of this run" if seen else ""
    origin = parent.get("run", parent.get("file"))
    return f"weights of {len(parent.get('loaded', []))} layers are from {origin}{new}{leak}"
