"""The plots of runs in outline: our code composes each figure, but Matplotlib neither makes nor renders it.

With it that is more than half of what a tiny run takes, and the same in each. The long form of the faults has
it.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.whole_files import write_output

# What draws for runs and for their reports.
_DRAWING = (
    "reporting.curves",
    "reporting.image_grids",
    "tasks.classification.figures",
    "tasks.regression.figures",
)


class Nothing:
    """A figure, and all that is asked of it: takes every call, shows nothing.

    What goes through it fails, instead of going on for ever: who looks at figures is marked `plots`.
    """

    __iter__ = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self

    def __getitem__(self, key: Any) -> Any:
        return self

    def subplots(self, rows: int = 1, columns: int = 1, **options: Any) -> Any:
        return [self] * (rows * columns)

    def get_legend_handles_labels(self) -> tuple[list[Any], list[str]]:
        return [], []


def outline_plots(set_attribute: Callable[[str, Any], None]) -> None:
    """Let runs compose figures of nothing, and save those without rendering them.

    Args:
        set_attribute: Takes where something is, and what is to be there: `monkeypatch.setattr`.
    """
    if os.environ.get("BIGMODEL_FAULTS") == "long":
        return
    for module in _DRAWING:
        set_attribute(f"bigmodel_cli.{module}.new_figure", lambda width, height: Nothing())
    set_attribute("bigmodel_cli.reporting.plots.save", _save)
    set_attribute("bigmodel_cli.training.conclusion.save", _save)
    set_attribute("bigmodel_cli.reporting.report.content.svg", _svg)


@contextmanager
def in_outline() -> Iterator[None]:
    """For fixtures that train for a module or a session, where no test looks at the plots."""
    import pytest

    with pytest.MonkeyPatch.context() as patch:
        outline_plots(patch.setattr)
        yield


def _save(figure: Any, run: RunFolder, name: str) -> None:
    """A whole file as ever, of one pixel."""
    from PIL import Image

    content = io.BytesIO()
    Image.new("L", (1, 1)).save(content, "PNG")
    write_output(run.plot(name), lambda temporary: temporary.write_bytes(content.getvalue()))


def _svg(figure: Any, label: str) -> str:
    return f'<svg role="img" aria-label="{label}"></svg>'
