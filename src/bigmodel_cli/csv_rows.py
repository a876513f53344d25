"""Rows of CSV files that can be read again whatever is in their cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any


def csv_row(cells: Sequence[Any]) -> str:
    """A row with its end; bytes of a file's name that are no text become escapes."""
    text = io.StringIO()
    # `csv` quotes a carriage return only where its own lines end with one; ours end as Unix has them.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    row = text.getvalue().removesuffix("\r\n") + "\n"
    return row.encode("utf-8", "backslashreplace").decode("utf-8")
