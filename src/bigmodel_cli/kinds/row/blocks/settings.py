"""Values of one row that are named on the command line: `age=39`."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from bigmodel_cli.errors import UsageError
from bigmodel_cli.sources.tables.names import listed, shown


def settings_of(words: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Values by column.

    Raises:
        UsageError: If a word names none, or one twice.
    """
    found: dict[str, str] = {}
    for word in words:
        # A name may have an equals sign in it.
        names = [name for name in columns if word.startswith(f"{name}=")]
        if not names:
            raise _no_setting(word, columns)
        name = max(names, key=len)
        if name in found:
            raise UsageError(f"--set {word}: {shown(name)} is set twice")
        found[name] = word[len(name) + 1 :]
    return found


def _no_setting(word: str, columns: Sequence[str]) -> UsageError:
    name, sign, _ = word.partition("=")
    if not sign:
        return UsageError(f"--set {word}: expected COLUMN=VALUE", hint=f"columns: {listed(columns, 20)}")
    close = get_close_matches(name, columns, 1, 0.6)
    hint = f"did you mean {shown(close[0])}?" if close else f"columns: {listed(columns, 20)}"
    return UsageError(f"--set {word}: the model has no column {shown(name)}", hint=hint)
