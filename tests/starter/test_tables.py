"""`init` looks into a CSV: which columns are what, what labels are; or it says what it cannot do."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from starters import SCRATCH, experiment, made

from bigmodel_cli.errors import DataError
from bigmodel_cli.starter import Wishes, make_starter

CLASSES = ["cat"] * 6 + ["dog"] * 6
FLOATS = [f"{number / 4}" for number in range(12)]


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (CLASSES, "classes"),
        (["0", "1"] * 6, "classes"),
        (["0.0", "1.0"] * 6, "classes"),
        (["007", "008"] * 6, "classes"),
        (["1_0", "2_1"] * 6, "classes"),
        (FLOATS, "numbers"),
        ([str(20 + 3 * number) for number in range(12)], "numbers"),
        ([str(20 + 3 * (number // 2)) for number in range(12)], "classes"),
        (["-1", "1"] * 6, "numbers"),
        ([f"{value}e3" for value in FLOATS], "numbers"),
    ],
)
def test_what_labels_are(table, labels, kind):
    found = made(table(labels))
    assert found.data.source.options.labels == kind
    last = [step.name for step in found.model][-1]
    assert (found.loss.name, last) == (
        ("CategoricalCrossentropy", "Dense") if kind == "classes" else ("MeanSquaredError", "Rescaling")
    )


def test_numbers_get_an_output_on_their_scale(table):
    """A network whose outputs begin near 0 would need thousands of steps to reach 200,000."""
    found = made(table([str(200_000.5 + 1000 * number) for number in range(12)]))
    scale = found.model[-1].arguments
    assert scale == {"scale": pytest.approx(3452, abs=1), "offset": pytest.approx(205_500, abs=100)}
    assert [metric.name for metric in found.metrics] == ["mae", "R2Score"]


@pytest.mark.parametrize(
    ("header", "sep"), [("image;label", ";"), ("image\tlabel", "\t"), ("Image,Label", ",")]
)
def test_what_stands_between_cells(table, header, sep):
    found = made(table(CLASSES, header, sep))
    assert found.data.source.name == "image_csv"


@pytest.mark.parametrize(
    ("header", "options"),
    [
        ("image,label", {}),
        ("photo,species", {"image_column": "photo", "label_column": "species"}),
        ("filename,what is it", {"label_column": "what is it"}),
    ],
)
def test_columns_by_name_or_by_what_is_in_them(table, header, options):
    found = made(table(CLASSES, header)).data.source.options
    assert {key: getattr(found, key) for key in options} == options


def test_a_column_of_splits_is_used(table):
    rows = [f"{label},{split}" for label, split in zip(CLASSES, ["train", "Test", "train"] * 4, strict=True)]
    starter = make_starter(table(rows, "image,label,part"), SCRATCH)
    assert experiment(starter.text).data.source.options.split_column == "part"


def test_images_in_a_folder_beside_the_table(table):
    path = table(CLASSES)
    path.write_text(path.read_text().replace("images/", ""))
    found = made(path).data.source.options
    assert found.root is not None and found.root.name == "images"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("age,price\n1,2\n", "no column of image files among age, price; training on tables comes with"),
        ("text;spam\nhello;1\n", "no column of image files among text, spam"),
        ('ham\t"Hello\nspam\tWin\nham\tOk\n', "no column of image files among column_1, column_2"),
        (
            "age,price\n" + "".join(f"{n},2\n" for n in range(99)) + "x,4\n",
            "t.csv:101, age: expected a number",
        ),
        ("age,price\n1,2\n3\n", "t.csv:3: expected 2 cells (age, price), found 1: '3'"),
        ("image,label\n", "no rows below"),
        ("image,a,b\nx.png,1,2\n", "which column has the labels? Besides images there are: a, b"),
        ("image\nx.png\n", "which column has the labels?"),
        ("image,label\nx.png,\n", r"no such file"),
        ("", "an empty file"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path, monkeypatch, text, says):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        make_starter(Path("t.csv"), SCRATCH)
    assert says in caught.value.message


def test_what_is_in_a_table_without_images_is_said(tmp_path):
    path = tmp_path / "t.csv"
    chance = random.Random(0)
    rows = [
        f"{n + 7},{'ab'[n % 2]},same,{chance.random():.9f},2020-01-{n % 28 + 1:02d},{'xyz'[n % 3]},"
        f"{'XYZ'[n % 3]}"
        for n in range(400)
    ]
    rows[5:7] = [row.replace(row.split(",")[3], size) for row, size in zip(rows[5:7], "05", strict=True)]
    path.write_text("\n".join(["id,grade,source,size,day,class,again", *rows, "999,?,same,,2020-01-01,x,X"]))
    lines: list[str] = []
    with pytest.raises(DataError) as caught:
        make_starter(path, Wishes(note=lines.append))
    assert lines == [
        "found: a table without images, 401 rows",
        "  id: id (whole numbers, one of its own for each row (7 to 999))",
        "  grade: category (2 different values; 1 missing; taken for missing: '?' (1))",
        "  source: constant (every row has 'same')",
        "  size: number (numbers, 0 to 5, 400 different ones; 1 missing)",
        "  day: date (dates, written YYYY-MM-DD)",
        "  class: category (3 different values)",
        "  again: category (3 different values)",
        "target: class, it seems, as its name says; another one: --target NAME",
        "  again gives it away: each of its values stands for one of the target's, and no other",
    ]
    assert "numpy.savez" in (caught.value.hint or "")


def test_of_many_columns_those_that_are_of_no_use_are_said(tmp_path):
    path = tmp_path / "t.csv"
    names = [f"n{place}" for place in range(30)]
    rows = [",".join([*(str((n * 7 + place) % 97) for place in range(30)), "z"]) for n in range(50)]
    path.write_text("\n".join([",".join([*names, "last"]), *rows]))
    lines: list[str] = []
    with pytest.raises(DataError):
        make_starter(path, Wishes(note=lines.append))
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        *names[:20],
        "last",
        "… (31 columns in all)",
        "target",
    ]
    assert lines[-1] == "target: no column looks like one; say it with --target NAME"


def test_images_by_what_is_in_a_column_where_one_of_a_usual_name_has_none(table):
    path = table([f"x{number % 2}" for number in range(12)], "photo,label")
    head, *rows = path.read_text().split("\n")
    path.write_text("\n".join([f"file,{head}", *(f"no{n % 3},{row}" for n, row in enumerate(rows))]))
    assert made(path).data.source.options.image_column == "photo"


def test_labels_of_a_table_are_what_is_asked_for(table):
    path = table([str(number // 4) for number in range(12)])
    assert "labels: classes" in make_starter(path).text
    starter = make_starter(path, Wishes(labels="numbers"))
    assert "labels: numbers" in starter.text and "MeanSquaredError" in starter.text
