"""`init` looks into a CSV: which columns are what, what labels are; or it says what it cannot do."""

from __future__ import annotations

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


def test_images_by_what_is_in_a_column_where_one_of_a_usual_name_has_none(table):
    path = table([f"x{number % 2}" for number in range(12)], "photo,label")
    head, *rows = path.read_text().split("\n")
    path.write_text("\n".join([f"file,{head}", *(f"no{n % 3},{row}" for n, row in enumerate(rows))]))
    assert made(path).data.source.options.image_column == "photo"


@pytest.mark.slow
def test_labels_of_a_table_are_what_is_asked_for(table):
    path = table([str(number // 4) for number in range(12)])
    assert "labels: classes" in make_starter(path).text
    starter = make_starter(path, Wishes(labels="numbers"))
    assert "labels: numbers" in starter.text and "MeanSquaredError" in starter.text
