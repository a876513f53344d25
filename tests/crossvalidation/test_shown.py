"""How a cross-validation is shown while it goes on: lines, and the live display; nothing is trained."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from bigmodel_cli.cli.crossvalidated import FoldLines
from bigmodel_cli.cli.crossvalidated_live import LiveFolds
from bigmodel_cli.config.schema import Fold
from bigmodel_cli.crossvalidation.folder import CrossvalFolder
from bigmodel_cli.run_folder import update_record
from bigmodel_cli.workers.job import Told

FOLDS = {number: Fold(number=number, of=3, repeat=1) for number in (1, 2, 3)}


@pytest.fixture
def folder(tmp_path: Path) -> CrossvalFolder:
    """Two folds that are complete."""
    found = CrossvalFolder(tmp_path / "crossvals/small")
    for number, accuracy in ((1, 0.5), (2, 0.7)):
        run = found.run(FOLDS[number])
        run.path.mkdir(parents=True)
        update_record(run, {"test": {"loss": 0.25, "accuracy": accuracy}, "seconds": 12.0})
    return found


def live(folder: CrossvalFolder, width: int, encoding: str) -> LiveFolds:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    display = LiveFolds(folder)
    display.console = Console(file=file, force_terminal=True, width=width, color_system=None)
    return display


def measured(number: int, **row: float) -> Told:
    return Told(number, "measured", {"row": row, "monitor": "val_accuracy", "is_last": row["loss"] < 0.1})


@pytest.mark.parametrize("width", [50, 80, 160])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_display_has_the_folds_that_run_and_the_mean_so_far(folder, width, encoding):
    display = live(folder, width, encoding)
    display.opened(3, 0)
    display.close()
    with display.console.capture() as captured:
        for number in (1, 2):
            display.began(FOLDS[number], number)
            display.ended(FOLDS[number], number)
        display.began(FOLDS[3], 3)
        for accuracy in (0.2, 0.6, 0.8):
            display.told(FOLDS[3], measured(3, loss=1.0, val_loss=0.5, val_accuracy=accuracy))
        progress = {"epoch": 2, "num_epochs": 3, "step": 5, "num_steps": 10}
        display.told(FOLDS[3], Told(3, "progressed", progress))
        display.console.print(display.shown())
    lines = captured.get().splitlines()
    assert lines[0].startswith("fold 1 of 3: loss 0.2500, accuracy 0.5000")
    assert max(map(len, lines)) <= width
    (running,) = [line for line in lines if re.match(r"[ |]*1-03 ", line)]
    assert ("━━━━━╌╌╌╌╌ 2/3" if encoding == "utf-8" else "#####----- 2/3") in running
    assert ("▁▆█" in running) == (encoding == "utf-8")
    assert "0.8000" in running
    assert lines[-2] == "mean so far: loss 0.2500, accuracy 0.6000"
    assert re.match(r"2 of 3 folds, about .+ left", lines[-1])
    display.told(FOLDS[3], measured(3, loss=0.05))
    with display.console.capture() as captured:
        display.console.print(display.shown())
    assert re.search(r"1-03[ |]+evaluating", captured.get())
    (head,) = [line for line in lines if "fold " in line and "epoch" in line]
    assert "val_accuracy" in head


def test_a_fold_that_goes_on_begins_its_curve_again_and_downloads_are_seen(folder):
    display = live(folder, 80, "utf-8")
    display.download("mnist", 50, 100)
    display.close()
    assert list(display.status()) == ["mnist: 50%"]
    display.opened(3, 2)
    display.close()
    assert list(display.status()) == ["2 of 3 folds"]
    display.began(FOLDS[3], 3)
    display.told(FOLDS[3], measured(3, loss=1.0, val_accuracy=0.4))
    display.told(FOLDS[3], Told(3, "died", {"status": -9}))
    display.began(FOLDS[3], 3)
    assert (display.running, list(display.values(3))) == ([3], [])


def test_lines(folder, capsys):
    lines = FoldLines(folder)
    lines.opened(3, 1)
    lines.began(FOLDS[2], 2)
    for done in (0, 5, 14):
        lines.told(FOLDS[2], Told(2, "downloading", {"label": "mnist", "done": done, "total": 100}))
    lines.told(FOLDS[2], measured(2, loss=1.0))
    lines.told(FOLDS[2], Told(2, "died", {"status": -9}))
    lines.ended(FOLDS[2], 2)
    title = folder.run(FOLDS[2]).title
    assert capsys.readouterr().err.splitlines() == [
        "3 folds, 1 of them complete already",
        f"fold 2 of 3: {title}",
        "mnist: 0%",
        "mnist: 10%",
        "warning: fold 2 of 3: its process is gone; it goes on in another one",
        "fold 2 of 3: loss 0.2500, accuracy 0.7000 in 12.0 s",
    ]
