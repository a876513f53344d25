"""The live display, on a terminal that is none but looks like one."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from bigmodel_cli.cli.live import Live, sparkline
from bigmodel_cli.listener import Best, Progress


@pytest.mark.parametrize(
    ("values", "curve"),
    [
        ([7, 6, 5, 4, 3, 2, 1, 0], "█▇▆▅▄▃▂▁"),
        ([1, 1], "▁▁"),
        ([1.0], "▁"),
        ([1, math.nan, 0], "█ ▁"),
        ([math.nan], ""),
        ([], ""),
    ],
)
def test_sparkline(values, curve):
    assert sparkline(values) == curve


def live(width, encoding="utf-8"):
    display = Live()
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    display.console = Console(file=file, force_terminal=True, width=width, color_system=None)
    return display


def row(epoch, loss):
    return {
        "epoch": epoch,
        "seconds": 1.0,
        "examples_per_second": 5000.0,
        "memory_mb": 1204.0,
        "learning_rate": 0.01,
        "loss": loss,
        "val_loss": loss + 0.1,
        "val_accuracy": 0.9,
    }


def run(display):
    for epoch, loss in ((1, 1.0), (2, 0.5)):
        progress = Progress(epoch, 9, 10, 10, 5000.0, 70.0, {"loss": loss}, Best(epoch, "val_accuracy", 0.9))
        display.epoch_ended(progress, row(epoch, loss))
    status = display._bars.status
    display.close()
    return status


def test_the_run_so_far_stands_in_a_line():
    assert run(live(120)) == "best val accuracy 0.9000 (epoch 2), val loss █▁ 0.6000, memory 1.2 GB"


def test_a_terminal_without_blocks_gets_numbers():
    assert run(live(120, "ascii")) == "best val accuracy 0.9000 (epoch 2), val loss 0.6000, memory 1.2 GB"


def test_a_narrow_terminal_cuts_the_end_and_stays_in_its_width():
    display = live(40)
    display.progressed(Progress(1, 9, 3, 10, 5000.0, 70.0, {"loss": 1.0}))
    run(display)
    display.console.file.flush()
    text = display.console.file.buffer.getvalue().decode()
    shown = [line for line in text.replace("\r", "\n").split("\n") if "best val" in line]
    assert shown and all("…" in line for line in shown)


def test_a_run_without_validation_or_memory():
    display = live(100)
    values = {"epoch": 1, "seconds": 1.0, "examples_per_second": 9.0, "learning_rate": 0.1, "loss": 2.0}
    display.epoch_ended(Progress(1, 2, 1, 1, 9.0, 1.0, {"loss": 2.0}), values)
    assert display._bars.status == "loss ▁ 2.0000"
    display.close()
