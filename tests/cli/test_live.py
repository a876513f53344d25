"""The live display, on a terminal that is none but looks like one."""

from __future__ import annotations

import io
import itertools
import math
import re

import pytest
from rich.console import Console

from bigmodel_cli.cli.epochs import EpochTable
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
    assert run(live(120)) == "best val_accuracy 0.9000 (epoch 2), val_loss █▁ 0.6000, memory 1.2 GB"


def test_a_terminal_without_blocks_gets_numbers():
    assert run(live(120, "ascii")) == "best val_accuracy 0.9000 (epoch 2), val_loss 0.6000, memory 1.2 GB"


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


ROW = {
    "epoch": 1,
    "seconds": 1.0,
    "examples_per_second": 12345.6,
    "memory_mb": 1.0,
    "learning_rate": 3e-4,
}
COMMON = ("loss", "accuracy", "val_loss", "val_accuracy")
LONG = ("loss", "sparse_categorical_accuracy", "top_k_categorical_accuracy")
MANY = ("loss", *(f"{kind}_of_class_{n}" for n in range(9) for kind in ("precision", "recall")))


def table_of(names, num_epochs, width, values=(123.4567, 0.0000123, 1.25)):
    names = [*names, *(f"val_{name}" for name in names if not names[-1].startswith("val_"))]
    table = EpochTable(names, num_epochs, width)
    epochs = (1, 2, num_epochs)
    return list(table.head()), [
        table.line(
            Progress(epoch, num_epochs, 1, 1, 1.0, 1.0, {}, Best(2, "val_loss", 1.0)),
            ROW | dict.fromkeys(names, value),
        )
        for epoch, value in zip(epochs, values, strict=True)
    ]


def test_epochs_stand_below_one_head_that_has_the_names_of_configs():
    assert table_of(COMMON, 10, 80) == (
        ["epoch       loss  accuracy  val_loss  val_accuracy  learning_rate  examples/s"],
        [
            " 1/10    123.457   123.457   123.457       123.457       3.00e-04      12,346",
            " 2/10*  1.23e-05  1.23e-05  1.23e-05      1.23e-05       3.00e-04      12,346",
            "10/10     1.2500    1.2500    1.2500        1.2500       3.00e-04      12,346",
        ],
    )


@pytest.mark.parametrize("names", [("loss",), COMMON, LONG, ("loss", "mean_absolute_error"), MANY])
@pytest.mark.parametrize("num_epochs", [1, 10, 12345])
@pytest.mark.parametrize("width", [72, 80, 120, 300])
def test_a_table_fits_its_terminal_and_numbers_end_below_one_another(names, num_epochs, width):
    head, lines = table_of(names, num_epochs, width, values=(-1234.5, 99999.4, 0.5))
    assert all(len(line) <= width for line in (*head, *lines))
    # Behind the epoch, which may have its star, numbers end at the same places.
    ends = {tuple(found.end() for found in re.finditer(r"\S+", line))[1:] for line in lines}
    assert len(ends) == 1


def test_what_has_no_room_is_left_out_and_said():
    head, _ = table_of(MANY, 10, 80)
    assert head[-1].endswith(" …") and "loss" in head[-1] and "val_loss" in " ".join(head)
    head, _ = table_of(LONG, 10, 120)
    assert "…" not in head[-1] and [line.split()[0] for line in head[:2]] == ["sparse_", "categorical_"]


def test_a_narrow_terminal_has_names_beside_numbers():
    display = live(60)
    run(display)
    display.console.file.flush()
    text = " ".join(display.console.file.buffer.getvalue().decode().split())
    assert "epoch 1/9: loss 1.0000, val_loss 1.1000, val_accuracy 0.9000, learning_rate" in text


def test_the_head_comes_again_where_it_has_left_the_screen():
    display = live(80)
    for epoch in range(1, 51):
        progress = Progress(epoch, 50, 1, 1, 1.0, 1.0, {"loss": 1.0}, is_last=epoch == 50)
        display.epoch_ended(progress, row(epoch, 1.0))
    display.console.file.flush()
    lines = display.console.file.buffer.getvalue().decode().split("\n")
    heads = [number for number, line in enumerate(lines) if re.search("epoch +loss", line)]
    assert len(heads) > 1 and {after - before for before, after in itertools.pairwise(heads)} == {
        display.console.height - 4 + 1
    }
