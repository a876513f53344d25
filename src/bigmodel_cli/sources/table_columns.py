"""What a config says of a table's columns."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticKnownError

from bigmodel_cli.config.fields import FilesInside
from bigmodel_cli.kinds.cells import column_kinds

IGNORE = "ignore"


def _column(told: str | dict[str, Any]) -> str | dict[str, Any]:
    """Check what is said of a column.

    Raises:
        ValueError: If it is no kind.
    """
    names = [*column_kinds(), IGNORE]
    others = [told] if isinstance(told, str) else [key for key in told if key != "from"]
    unknown = [key for key in others if key not in names]
    if unknown:
        # Worded and put right as other words that may be chosen from are.
        expected = ", ".join(map(repr, names[:-1])) + f" or {names[-1]!r}"
        raise PydanticKnownError("literal_error", {"expected": expected})
    if isinstance(told, str):
        return told
    if len(others) > 1 or not told:
        raise ValueError("expected one kind with its options, such as {date: {parts: [year]}}")
    if "from" in told and (not isinstance(told["from"], str) or not told["from"]):
        raise ValueError(f"from: expected the name that the column has in the file, found {told['from']!r}")
    if others and not isinstance(told[others[0]], dict | None):
        raise ValueError(f"expected the options of {others[0]} as a mapping, found {told[others[0]]!r}")
    return told


# A kind, or one with its options, which may be called otherwise in the files.
Told = Annotated[str | dict[str, Any], AfterValidator(_column), FilesInside()]
