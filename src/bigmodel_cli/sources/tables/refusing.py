"""The error for what a change of the file mends, or an option of whoever reads it."""

from __future__ import annotations

from bigmodel_cli.errors import DataError


class TableError(DataError):
    """Something in a table is wrong, unless an option says how it is meant.

    Args:
        message: What is wrong, and where.
        say: The option that says so.
        fix: What can be done without options, which not every reader of tables has.
    """

    def __init__(self, message: str, *, say: str, fix: str | None = None) -> None:
        super().__init__(message, hint=f"{fix}; or say {say}" if fix else f"say {say}")
        self.fix = fix
