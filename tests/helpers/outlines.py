"""The plots of runs in outline: our code composes each figure, but Matplotlib neither makes nor renders it.

With it that is more than half of what a tiny run takes, and the same in each. The long form of the faults has
it, and whoever looks at plots asks for `real_plots`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bigmodel_cli
from bigmodel_cli.figures import new_figure, save, svg
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.whole_files import write_output

_TASKS = Path(bigmodel_cli.__file__).parent / "tasks"
# What draws for runs and for their reports.
_DRAWING = (
    *("reporting.curves", "reporting.image_grids"),
    *(
        f"tasks.{path.parent.name}.figures"
        for path in sorted(_TASKS.glob("*/figures.py"))
        if "new_figure" in path.read_text("utf-8")
    ),
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
        return self if rows == columns == 1 else [self] * (rows * columns)

    def get_legend_handles_labels(self) -> tuple[list[Any], list[str]]:
        return [], []


def outline_plots(set_attribute: Callable[[str, Any], None]) -> None:
    """Let runs compose figures of nothing, and save those without rendering them.

    Args:
        set_attribute: Takes where something is, and what is to be there: `monkeypatch.setattr`.
    """
    if os.environ.get("BIGMODEL_FAULTS") != "long":
        _draw_with(set_attribute, lambda width, height: Nothing(), _save, _svg)


def _draw_with(set_attribute: Callable[[str, Any], None], make: Any, keep: Any, show: Any) -> None:
    for module in _DRAWING:
        set_attribute(f"bigmodel_cli.{module}.new_figure", make)
    set_attribute("bigmodel_cli.reporting.plots.save", keep)
    set_attribute("bigmodel_cli.training.conclusion.save", keep)
    set_attribute("bigmodel_cli.reporting.report.content.svg", show)


@contextmanager
def real_plots() -> Iterator[None]:
    """Runs have plots as users get them: for who looks at them."""
    import pytest

    with pytest.MonkeyPatch.context() as patch:
        _draw_with(patch.setattr, new_figure, save, svg)
        yield


def _save(figure: Any, run: RunFolder, name: str) -> None:
    """A whole file as ever, of one pixel."""
    from PIL import Image

    content = io.BytesIO()
    Image.new("L", (1, 1)).save(content, "PNG")
    write_output(run.plot(name), lambda temporary: temporary.write_bytes(content.getvalue()))


def _svg(figure: Any, label: str) -> str:
    return f'<svg role="img" aria-label="{label}"></svg>'
