"""Pictures of what columns are worth, and of what moves predictions."""

from __future__ import annotations

import re
from pathlib import Path

from bigmodel_cli.errors import UsageError
from bigmodel_cli.explaining.rows.page import make_page
from bigmodel_cli.explaining.rows.results import ColumnImportances, RowExplanation, in_order
from bigmodel_cli.figures import write_figure
from bigmodel_cli.reporting.importance_plot import draw_effects, draw_importance
from bigmodel_cli.whole_files import write_output

_SUFFIXES, PAGE = (".png", ".svg", ".pdf"), ".html"


class RowPictures:
    """Gives each picture a file of its own, or puts what is found of rows on one page.

    Args:
        out: A folder, a file for one picture, or an .html file.

    Raises:
        UsageError: If it is another sort of file.
    """

    def __init__(self, out: Path) -> None:
        self._file = out if out.suffix and not out.is_dir() else None
        self._on_page: list[RowExplanation] = []
        self._folder = out
        self._taken: set[Path] = set()
        if self._file is not None and out.suffix.lower() not in (*_SUFFIXES, PAGE):
            ends = ", ".join((*_SUFFIXES, PAGE))
            raise UsageError(f"--out {out}: expected a folder, or a file that ends in {ends}")

    def of_importances(self, found: ColumnImportances) -> Path:
        """Draw what columns are worth, and say where."""
        if self._is_page:
            raise UsageError(
                f"--out {self._file}: a page is of rows", hint="give rows, --row or --set; or a .png file"
            )
        path = self._next(f"importance-{found.target}")
        write_figure(draw_importance(found.as_json()), path)
        return path

    @property
    def _is_page(self) -> bool:
        return self._file is not None and self._file.suffix.lower() == PAGE

    def write_page(self, run: str) -> Path | None:
        """Write the page of all rows, if it is one, and say where.

        Args:
            run: What the run is called.
        """
        if not self._is_page or self._file is None or not self._on_page:
            return None
        document = make_page(run, self._on_page)
        write_output(self._file, lambda path: path.write_text(document, "utf-8"))
        return self._file

    def of_row(self, explanation: RowExplanation) -> Path | None:
        """Draw what moves the first class, or number, and say where; None where it comes on the page."""
        if self._is_page:
            self._on_page.append(explanation)
            return None
        finding = explanation.findings[0]
        names = in_order(finding)
        values = (explanation.values[name] for name in names)
        named = [
            f"{name} = {'missing' if value is None else value}"
            for name, value in zip(names, values, strict=True)
        ]
        methods = {
            method: {name: found.by_column[name] for name in names}
            for method, found in finding.effects.items()
        }
        label = "" if finding.label is None else f"{finding.label} "
        title = f"{explanation.name}: {explanation.target}: {label}{explanation.shown(finding.value)}"
        path = self._next(f"{explanation.name}-{explanation.target}")
        write_figure(draw_effects(title, methods, named), path)
        return path

    def _next(self, name: str) -> Path:
        if self._file is not None:
            if self._taken:
                raise UsageError(f"--out {self._file}: one file for several pictures; expected a folder")
            path = self._file
        else:
            stem = re.sub(r"[^\w.]+", "-", Path(name).name).strip("-") or "row"
            path, number = self._folder / f"{stem}.png", 2
            while path in self._taken:
                path, number = self._folder / f"{stem}-{number}.png", number + 1
        self._taken.add(path)
        return path
