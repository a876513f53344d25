"""What commands leave for continuous integration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bigmodel_cli.reporting.ci import Checked


def write_for_ci(checked: Sequence[Checked], junit: Path | None, summary: Path | None) -> None:
    """Write the files that were asked for, and GitHub's summary where this is one of its jobs.

    Raises:
        ResourceError: If one cannot be written.
    """
    from bigmodel_cli.cli.output import note
    from bigmodel_cli.reporting import ci

    if junit is not None:
        ci.write_junit(junit, checked)
        note(f"written: {junit}")
    if summary is not None:
        ci.write_summary(summary, checked)
        note(f"written: {summary}")
    ci.add_to_github_summary(checked)
