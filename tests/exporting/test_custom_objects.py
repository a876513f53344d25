"""The Python beside an exported .keras file: whose it is, and when it runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.exporting.custom_objects import CUSTOM_OBJECTS, custom_objects
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.serving import chosen


def lay(folder: Path, value: int) -> Path:
    folder.mkdir(parents=True)
    (folder / "parts.py").write_text(f"def part():\n    return {value}\n")
    (folder / CUSTOM_OBJECTS).write_text('import parts\n\nCUSTOM_OBJECTS = {"part": parts.part}\n')
    return folder


def test_each_folder_has_its_own(tmp_path: Path) -> None:
    before = list(sys.path)
    found = [custom_objects(lay(tmp_path / str(value), value))["part"]() for value in (1, 2)]
    assert found == [1, 2]
    assert sys.path == before and "parts" not in sys.modules


def test_a_server_runs_it_with_trust_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, opened = RunFolder(tmp_path), []
    lay(run.exports / "keras", 1)
    manifest = {"name": "keras", "format": "keras", "quantize": None, "files": {}}
    monkeypatch.setattr(chosen, "read_exports", lambda _: [manifest])
    monkeypatch.setattr(chosen, "ExportEngine", lambda *given: opened.append(given))

    class Opened:
        folder = run

    with pytest.raises(DataError, match="does not run by itself"):
        chosen.open_engines(Opened(), "exports/keras", print)  # type: ignore[arg-type]
    assert not opened
    chosen.open_engines(Opened(), "exports/keras", print, trust=True)  # type: ignore[arg-type]
    assert len(opened) == 1
