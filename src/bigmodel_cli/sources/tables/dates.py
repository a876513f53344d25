"""Days and moments as tables write them, as microseconds since 1970 (UTC)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from bigmodel_cli.sources.tables.shapes import digits_of, grouped

if TYPE_CHECKING:
    import numpy as np

# No date is longer; texts are told from dates by this at once.
LONGEST = 48
# What stands for a text that is no date: no moment that a text can write is so far away.
WRONG = 1 << 62
_MONTHS = (
    "jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?",
    "july?", "aug(?:ust)?", "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?",
)  # fmt: skip
_MONTH = re.compile(r"(?:\b|(?<=[0-9]))(?:jan|feb|mar|apr|may|ju[nl]|aug|sep|oct|nov|dec)", re.IGNORECASE)
_MAY_BE_DATE = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}")
_TIME = (
    r"(?:[T ,]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<half>[AaPp][Mm])?"
    r" ?(?:Z|UTC|GMT|(?P<sign>[-+])(?P<zone_hour>[0-9]{2})(?::?(?P<zone_minute>[0-9]{2}))?)?)?"
)
_WEEKDAY = r"(?:(?i:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?"
_PARTS = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "YY": r"(?P<short_year>[0-9]{2})",
    "MM": r"(?P<month>[0-9]{1,2})",
    "DD": r"(?P<day>[0-9]{1,2})",
    "Mon": rf"(?P<name>(?i:{'|'.join(_MONTHS)}))\.?",
}
# The first one that all cells fit is taken.
FORMATS = (
    *("YYYY-MM-DD", "YYYY/MM/DD", "YYYY.MM.DD"),
    *("DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY", "DD-MM-YYYY", "MM-DD-YYYY"),
    *("DD Mon YYYY", "Mon DD, YYYY", "DD-Mon-YYYY", "DD/Mon/YYYY", "YYYY-Mon-DD"),
    *("DD.MM.YY", "DD/MM/YY", "MM/DD/YY", "DD-MM-YY", "MM-DD-YY", "YY-MM-DD"),
    *("DD Mon YY", "Mon DD, YY", "DD-Mon-YY"),
)
# As POSIX reads years of two digits.
_PIVOT = 69
SHORT_YEARS = "years of two digits: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068"
# Whole numbers that a column's name says are moments.
SECONDS, MILLISECONDS, DIGITS = "seconds since 1970", "milliseconds since 1970", "YYYYMMDD"
MICROSECONDS = {SECONDS: 1_000_000, MILLISECONDS: 1000}
_DIGITS_PATTERN = r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?:\.(?P<nothing>0))?"


def has_short_years(name: str) -> bool:
    """Whether dates in a format have years of two digits."""
    return "YY" in name and "YYYY" not in name


@cache
def _pattern(name: str) -> re.Pattern[str]:
    if name == DIGITS:
        return re.compile(_DIGITS_PATTERN)
    written = re.sub("YYYY|YY|MM|DD|Mon", lambda part: _PARTS[part[0]], re.escape(name))
    if "Mon" in name:
        # `3. Jan. 2024`, `3rd January 2024`, `Jan 3 2024`.
        written = written.replace(r",\ ", r"(?:st|nd|rd|th)?,? ")
        written = _WEEKDAY + written.replace(r"\ (?P<name>", r"(?:st|nd|rd|th|\.)? (?P<name>")
    return re.compile(written + _TIME)


def formats_of(shape: str) -> Sequence[str]:
    """The formats that a text of a shape can have; whether there is such a day, its digits tell."""
    is_long = len(shape) > LONGEST
    return () if is_long or not (_MAY_BE_DATE.match(shape) or _MONTH.search(shape)) else _formats_of(shape)


@lru_cache(10_000)
def _formats_of(shape: str) -> Sequence[str]:
    if not shape.isascii():
        return ()
    has_name = bool(_MONTH.search(shape))
    may_be = (name for name in FORMATS if ("Mon" in name) is has_name and name.strip("DMYon")[0] in shape)
    return tuple(name for name in may_be if _pattern(name).fullmatch(shape))


def is_like_date(text: str) -> bool:
    """Whether a text is written as a date is, if there is such a day or not."""
    return bool(formats_of(text))


def moments_of_shape(shape: str, texts: Sequence[str], name: str) -> np.ndarray:
    """The moments that texts of one shape write in a format: int64; `WRONG` where there is none such."""
    import numpy as np

    found = _pattern(name).fullmatch(shape) if len(shape) <= LONGEST and shape.isascii() else None
    if found is None:
        return np.full(len(texts), WRONG, np.int64)
    written = found.groupdict()
    digits = digits_of(texts)

    def part(name: str) -> np.ndarray:
        if written.get(name) is None:
            return np.zeros(len(texts), np.int64)
        start, end = found.span(name)
        powers: np.ndarray = 10 ** np.arange(end - start - 1, -1, -1)
        value: np.ndarray = digits[:, start:end] @ powers
        return value

    year, month, day = part("year"), part("month"), part("day")
    if "short_year" in written:
        short = part("short_year")
        year = short + np.where(short < _PIVOT, 2000, 1900)
    if written.get("name"):
        month += _month(written["name"])
    hour, is_hour = _hour(part("hour"), written.get("half"))
    minute, second = part("minute"), part("second")
    zone = (part("zone_hour") * 60 + part("zone_minute")) * (-1 if written.get("sign") == "-" else 1)
    days, is_day = _days(year, month, day)
    is_time = is_hour & (minute < 60) & (second < 60) & (abs(zone) < 24 * 60) & (part("nothing") == 0)
    seconds = ((days * 24 + hour) * 60 + minute - zone) * 60 + second
    # Nine digits of a fraction are nanoseconds.
    length = len(written.get("fraction") or "")
    micros = part("fraction") * 10 ** (9 - length) // 1000
    return np.where(is_day & is_time, seconds * 1_000_000 + micros, WRONG)


def _month(name: str) -> int:
    return next(number for number, one in enumerate(_MONTHS, 1) if one[:3] == name[:3].lower())


def _hour(hour: np.ndarray, half: str | None) -> tuple[np.ndarray, np.ndarray]:
    """The hour of the day, and where there is one such."""
    if half is None:
        return hour, hour < 24
    return hour % 12 + (12 if half.lower() == "pm" else 0), (hour >= 1) & (hour <= 12)


def _days(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970, and where there is such a day."""
    import numpy as np

    months = (year - 1970) * 12 + np.clip(month, 1, 12) - 1
    first, after = (value.astype("M8[M]").astype("M8[D]").astype(np.int64) for value in (months, months + 1))
    is_day = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= after - first)
    return first + day - 1, is_day


def parsed(texts: Sequence[str], name: str) -> np.ndarray:
    """The moments that texts write in a format: int64; `WRONG` where one is none, as the 30th of February.

    >>> parsed(["1970-01-02", "1970-02-30"], "YYYY-MM-DD").tolist() == [86400000000, WRONG]
    True
    """
    import numpy as np

    moments = np.full(len(texts), WRONG, np.int64)
    for shape, places in grouped(texts).items():
        moments[places] = moments_of_shape(shape, [texts[place] for place in places], name)
    return moments
