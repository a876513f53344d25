"""Days and moments as tables write them, as microseconds since 1970 (UTC)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

# No date is longer; texts are told from dates by this at once.
LONGEST = 40
_MAY_BE_DATE = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}.*", re.DOTALL)
_TIME = (
    r"(?:[T ]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<half>[AaPp][Mm])?"
    r" ?(?P<zone>Z|UTC|[-+][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_PARTS = {"YYYY": r"(?P<year>[0-9]{4})", "MM": r"(?P<month>[0-9]{1,2})", "DD": r"(?P<day>[0-9]{1,2})"}
# The first one that all cells fit is taken.
FORMATS = (
    "YYYY-MM-DD",
    "YYYY/MM/DD",
    "YYYY.MM.DD",
    "DD.MM.YYYY",
    "DD/MM/YYYY",
    "MM/DD/YYYY",
    "DD-MM-YYYY",
    "MM-DD-YYYY",
)
# By what stands between the numbers, and whether the year is the first of them.
_ALIKE = {
    (between, first): tuple(name for name in FORMATS if between in name and name.startswith("Y") is first)
    for between in "-/."
    for first in (True, False)
}
# Whole numbers that a column's name says are moments.
SECONDS, MILLISECONDS, DIGITS = "seconds since 1970", "milliseconds since 1970", "YYYYMMDD"
MICROSECONDS = {SECONDS: 1_000_000, MILLISECONDS: 1000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    between = re.escape(name.strip("YMD")[0])
    return re.compile(between.join(_PARTS[part] for part in re.split("[-/.]", name)) + _TIME)


def parse(text: str, name: str) -> int | None:
    """The moment that a text writes in a format; None where it is none, such as the 30th of February.

    >>> parse("1970-01-02", "YYYY-MM-DD"), parse("31.02.2020", "DD.MM.YYYY")
    (86400000000, None)
    """
    found = _pattern(name).fullmatch(text)
    if found is None or len(text) > LONGEST:
        return None
    part = found.groupdict(default="0")
    try:
        moment = datetime(
            int(part["year"]),
            int(part["month"]),
            int(part["day"]),
            _hour(int(part["hour"]), part["half"]),
            int(part["minute"]),
            int(part["second"]),
            int(part["fraction"].ljust(6, "0")[:6]),
            _zone(part["zone"]),
        )
        return (moment - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None


def _hour(hour: int, half: str) -> int:
    """The hour of the day.

    Raises:
        ValueError: If there is none such.
    """
    if half == "0":
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("no hour of half a day")
    return hour % 12 + (12 if half.lower() == "pm" else 0)


def _zone(text: str) -> timezone:
    if text in ("0", "Z", "UTC"):
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[3:].strip(":") or 0)
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def may_be_date(text: str) -> bool:
    """Whether a text begins as dates do; quick, for texts that are none."""
    return len(text) <= LONGEST and bool(_MAY_BE_DATE.fullmatch(text))


def moments_of(text: str) -> dict[str, int]:
    """What a text is, by each format in which it is a date: two where day and month may be either."""
    if not may_be_date(text):
        return {}
    between = next(letter for letter in text if not letter.isdigit())
    found = ((name, parse(text, name)) for name in _ALIKE[between, text.index(between) == 4])
    return {name: moment for name, moment in found if moment is not None}


def format_of(text: str) -> str | None:
    """The first of these formats; None where the text is no date."""
    return next(iter(moments_of(text)), None)


def from_digits(text: str) -> int | None:
    """The day that eight digits write, `20240229`; None where they write none.

    >>> from_digits("19700102"), from_digits("20230229")
    (86400000000, None)
    """
    whole = text.removesuffix(".0")
    return parse(f"{whole[:4]}-{whole[4:6]}-{whole[6:]}", "YYYY-MM-DD") if len(whole) == 8 else None
