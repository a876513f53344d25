"""A line of JSON for each request."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, TextIO


class AccessLog:
    """Writes a line for each request; where nobody reads them any more, no further ones.

    Args:
        stream: Where they go; None: nowhere.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, entry: dict[str, Any]) -> None:
        """One request: what is known of it, by name."""
        if self._stream is None:
            return
        line = json.dumps({"time": datetime.now().astimezone().isoformat("T", "milliseconds"), **entry})
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None
