"""What predictions take, by each engine and export of a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bigmodel_cli.cli.main import run as cli
from bigmodel_cli.exporting.bench import Took
from bigmodel_cli.inference.opened import OpenRun

pytestmark = pytest.mark.tf


def test_engines_and_exports_of_rows_side_by_side(
    rows: OpenRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A damaged file is said, and the others are measured."""
    copy = tmp_path / "run"
    shutil.copytree(rows.folder.path, copy)
    assert cli(["export", str(copy), "--format", "litert,onnx", "--plain"]) == 0
    shown = capsys.readouterr()
    assert [line.split()[0] for line in shown.out.splitlines() if "_accuracy" in line] == ["litert", "onnx"]
    report = (copy / "report.html").read_text()
    assert '<section id="exports">' in report and "onnx" in report
    assert (copy / "plots" / "exports.png").exists()
    assert cli(["runs", "verify", str(copy)]) == 0
    capsys.readouterr()
    (copy / "exports" / "onnx" / "model.onnx").write_bytes(b"no model")
    assert cli(["bench", str(copy), "--batch-size", "8", "--json"]) == 0
    found = {one["name"]: Took(**one) for one in json.loads(capsys.readouterr().out)["engines"]}
    assert set(found) == {"--engine litert", "--engine keras", "exports/onnx", "exports/litert"}
    assert found.pop("exports/onnx").reason is not None
    for took in found.values():
        assert took.reason is None and took.batch_size == 8
        assert 0 < took.start_seconds < 100 and 0 < took.seconds < 1 and 0 < took.batch_seconds < 1
        assert took.peak_bytes > 10**7 and took.bytes > 500
