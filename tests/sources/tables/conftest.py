"""What the tests of tables share: files to write, both ways to read them, and messages to compare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables import table as table_module
from bigmodel_cli.sources.tables.columns import Values
from bigmodel_cli.sources.tables.survey import Survey, survey
from bigmodel_cli.sources.tables.table import Table, open_table
from bigmodel_cli.sources.tables.text_format import TextFormat
from bigmodel_cli.sources.tables.values import read


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, so that small files have many."""
    monkeypatch.setattr(table_module, "_BLOCK", 64)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file: `written("a,b\\n1,2\\n")`."""

    def write(content: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


@pytest.fixture
def opened(written: Callable[..., Path]) -> Callable[..., Table]:
    """Writes a file and opens it; options are those of `TextFormat`."""

    def call(content: str | bytes, name: str = "t.csv", **told: Any) -> Table:
        return open_table(written(content, name), TextFormat(**told))

    return call


@pytest.fixture
def surveyed(opened: Callable[..., Table]) -> Callable[..., Survey]:
    """Writes a file, opens it and looks at all of it; `kinds` are told."""

    def call(content: str | bytes, name: str = "t.csv", *, kinds: Any = None, **told: Any) -> Survey:
        return survey(opened(content, name, **told), kinds)

    return call


@pytest.fixture
def columns(opened: Callable[..., Table]) -> Callable[..., dict[str, Values]]:
    """Writes a file and reads all of its columns."""

    def call(
        content: str | bytes, name: str = "t.csv", *, kinds: Any = None, **told: Any
    ) -> dict[str, Values]:
        table = opened(content, name, **told)
        return read(table, survey(table, kinds).columns)

    return call


@pytest.fixture
def refused(columns: Callable[..., Any], tmp_path: Path) -> Callable[..., str]:
    """The message with which a file is refused, with its hint, without the folder."""

    def call(content: str | bytes, name: str = "t.csv", **options: Any) -> str:
        with pytest.raises(DataError) as caught:
            columns(content, name, **options)
        error = caught.value
        assert error.exit_code == 3
        assert "\n" not in error.message
        return f"{error.message} | {error.hint or ''}".replace(f"{tmp_path}/", "")

    return call
