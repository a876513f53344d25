"""How a few lines read a date."""

from __future__ import annotations

from bigmodel_cli.kinds.snippet import Snippet


class DateSnippet(Snippet):
    """As ISO 8601 writes it, `2026-05-31` or `2026-05-31T09:30`; without a zone it is UTC."""

    placeholder = "2026-05-31"

    def value(self, function: str) -> str:
        return f"""\
from datetime import datetime, timezone


def {function}(given, folder):
    moment = datetime.fromisoformat(given)
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    found = {{name: getattr(moment, name) for name in ("year", "month", "day", "hour", "minute")}}
    found |= {{"weekday": moment.weekday(), "days": moment.timestamp() / 86400}}
    return np.array([[found[name] for name in {list(self.kind.parts)}]], np.float32)
"""
