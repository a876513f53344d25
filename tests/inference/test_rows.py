"""Rows to predict: from tables as people write them, from standard input, from values named one by one."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.inference.inputs import find_rows
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.predict import csv_output, predict
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.category.kind import CategoryKind
from bigmodel_cli.kinds.date.kind import DateKind
from bigmodel_cli.kinds.inputs import Asked
from bigmodel_cli.kinds.number.kind import NumberKind
from bigmodel_cli.kinds.text.kind import TextKind
from bigmodel_cli.run_folder import OUTPUTS, RunFolder
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.tables import parsing
from bigmodel_cli.sources.tables import table as table_module
from bigmodel_cli.tasks.regression.task import Regression

PEOPLE = Signature(
    {"age": NumberKind(), "work": CategoryKind(("private", "public"))}, {"income": Regression()}
)
GOOD = "age,work,id\n39,private,a\n50,,b\n,public,c\n"


class Lengths:
    """An engine that needs no model: an age and how long the name of a work is; -1 for no age."""

    def __init__(self, needed=()):
        self.needed = needed
        self.batches = []

    def predict(self, features):
        self.batches.append(len(features["age"]))
        ages = np.nan_to_num(features["age"].values(), nan=-1)
        return (ages + [len(word) / 100 for word in features["work"].values()]).astype(np.float32)[:, None]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run_of(signature):
    return OpenRun(RunFolder(Path("run")), {OUTPUTS: Reading().as_json()}, signature)


def predicted(asked, signature=PEOPLE, engine=None):
    rows = find_rows(asked, signature, print)
    return list(predict(run_of(signature), engine or Lengths(), rows))


def numbers(found):
    return [None if item.answer is None else round(item.answer.values.item(), 3) for item in found]


def write(name, text):
    Path(name).write_text(text)
    return Asked([name])


def test_rows_are_named_by_their_lines_and_what_is_missing_is():
    found = predicted(write("people.csv", GOOD))
    assert [item.input.name for item in found] == ["people.csv:2", "people.csv:3", "people.csv:4"]
    assert numbers(found) == [39.07, 50.0, -0.94]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("other_order.csv", "income;work;age\n9;private;39\n9;;50\n9;public;\n"),
        ("tabs.tsv", "age\twork\n39\tprivate\n50\t?\nNA\tpublic\n"),
        ("spaces.csv", "age, work\n39, private\n50, \n, public\n"),
        ("lines.jsonl", '{"age": 39, "work": "private"}\n{"age": 50.0}\n{"work": "public", "age": null}\n'),
    ],
)
def test_however_a_table_is_written(name, text):
    assert numbers(predicted(write(name, text))) == [39.07, 50.0, -0.94]


def test_several_files_each_with_columns_of_its_own():
    write("a.csv", "age,work\n1,private\n")
    write("b.csv", "work,more,age\npublic,x,2\n")
    found = predicted(Asked(["b.csv", "a.csv"]))
    assert [item.input.name for item in found] == ["b.csv:2", "a.csv:2"]
    assert numbers(found) == [2.06, 1.07]


@pytest.mark.parametrize("text", [GOOD, '{"age": 39, "work": "private"}\n{"age": 50}\n{"work": "public"}\n'])
def test_standard_input_has_csv_or_json_lines(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    found = predicted(Asked(["-"]))
    assert numbers(found) == [39.07, 50.0, -0.94]
    assert {item.input.name.partition(":")[0] for item in found} == {"-"}


def test_what_is_wrong_with_standard_input_is_said_of_the_dash(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'age,work\n39,"a"b\n')))
    with pytest.raises(DataError, match=r"^-:2: a quote that is closed before its cell ends"):
        predicted(Asked(["-"]))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"age": 39, "work": "a"}\n{"age"}\n')))
    good, bad = predicted(Asked(["-"]))
    assert (numbers([good]), bad.error) == ([39.01], "-:2: no JSON: expecting ':' delimiter, at letter 7")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    with pytest.raises(UsageError, match="-: expected rows on standard input"):
        predicted(Asked(["-"]))


def test_a_wrong_cell_is_an_error_of_its_row_alone():
    engine = Lengths()
    found = predicted(write("p.csv", "age,work\n1,a\nold,b\n3,c\n1e99,d\n"), engine=engine)
    assert numbers(found) == [1.01, None, 3.01, None]
    assert found[1].error == "p.csv:3, age: expected a number, found 'old'"
    assert found[3].error == "p.csv:5, age: expected a number, found '1e99'"
    assert engine.batches == [2]


@pytest.mark.parametrize(
    ("name", "rows", "errors"),
    [
        (
            "p.csv",
            [b"1,a", b"2", b"3,c,x", b'4,"two\nlines"', b"5,", b"\xff,z", b"7,a\0b", b"8,h"],
            {
                1: "p.csv:3: expected 2 cells (age, work), found 1: '2'",
                2: "p.csv:4: expected 2 cells (age, work), found 3: '3,c,x'",
                5: "p.csv:8: not UTF-8 text: byte 0xff",
                6: "p.csv:9: the character 0, which no text has",
            },
        ),
        (
            "p.jsonl",
            [
                b'{"age": 1, "work": "a"}',
                b'{"age": 2,',
                b"[3]",
                b'{"age": 4, "work": "two\\nlines"}',
                b'{"age": 5}',
                b'{"age": 6, "work": {"at": "home"}}',
                b'{"age": 7, "job": "a"}',
                b'{"age": 8, "work": "h"}',
            ],
            {
                1: "p.jsonl:2: no JSON: expecting property name enclosed in double quotes, at letter 11",
                2: "p.jsonl:3: expected an object, found [3]",
                5: 'p.jsonl:6, work: expected a number, a text, true, false or null, found {"at": "home"}',
            },
        ),
    ],
)
@pytest.mark.parametrize("has_pyarrow", [True, False])
@pytest.mark.parametrize("block", [20, 1 << 20])
def test_a_wrong_row_is_an_error_of_its_own(name, rows, errors, has_pyarrow, block, monkeypatch):
    monkeypatch.setattr(parsing, "has_pyarrow", lambda: has_pyarrow)
    monkeypatch.setattr(table_module, "_BLOCK", block)
    head = b"age,work\n" if name == "p.csv" else b""
    Path(name).write_bytes(head + b"\n".join(rows) + b"\n")
    found = predicted(Asked([name]))
    assert {row: item.error for row, item in enumerate(found) if item.error} == errors
    right = [1.01, 2.0, 3.0, 4.09, 5.0, 6.0, 7.0, 8.01]
    assert numbers(found) == [None if row in errors else number for row, number in enumerate(right)]


def test_what_stands_in_a_wrong_row_is_written_beside_its_error():
    write("p.csv", "age,work\n1,a\n2\n3,b,c\n")
    assert csv_of(None) == [
        ["age", "work", "prediction", "error"],
        ["1", "a", "1.01", ""],
        ["2", "", "", "p.csv:3: expected 2 cells (age, work), found 1: '2'"],
        ["3", "b", "", "p.csv:4: expected 2 cells (age, work), found 3: '3,b,c'"],
    ]


def test_names_that_are_no_text_end_it_all():
    Path("p.csv").write_bytes(b"age,work\xff\n1,a\n")
    with pytest.raises(DataError, match=r"^p\.csv:1: not UTF-8 text: byte 0xff"):
        predicted(Asked(["p.csv"]))


def test_a_missing_number_that_nothing_fills_in_is_an_error_of_its_row():
    found = predicted(write("p.csv", GOOD), engine=Lengths(["age"]))
    assert numbers(found) == [39.07, 50.0, None]
    assert found[2].error == "p.csv:4, age: no value, and nothing in the model's preprocessing fills it in"


def test_a_column_that_is_not_there_is_named_with_the_closest():
    with pytest.raises(DataError, match=r"p\.csv: no column age; its columns: agee, work") as refused:
        predicted(write("p.csv", "agee,work\n1,a\n"))
    assert refused.value.hint == "did you mean agee?"


def test_dates_and_numbers_are_written_as_in_training():
    signature = Signature(
        {"age": NumberKind(",", "."), "when": DateKind(("year", "day"), "DD.MM.YYYY"), "work": TextKind()},
        {"income": Regression()},
    )

    class Sums(Lengths):
        def predict(self, features):
            dates = features["when"].values()
            assert dates.tolist() == [[2024, 3], [2025, 4]]
            return super().predict(features)

    text = 'age,when,work\n"1.234,5",03.02.2024,one\n2,04.02.2025,three\n'
    assert numbers(predicted(write("p.csv", text), signature, Sums())) == [1234.53, 2.05]
    (found,) = predicted(write("p.csv", "age;when;work\n1,5;2024-02-03;a\n"), signature, Sums())
    assert found.error == "p.csv:2, when: expected a date, found '2024-02-03'"


@pytest.mark.parametrize("thousands", [None, "."])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "age;work\n1,5;public\n1,234;private\n0,25;\n"),
        ("a.jsonl", '{"age": 1.5, "work": "public"}\n{"age": 1.234, "work": "private"}\n{"age": 2.5e-1}\n'),
        # What is a text was written by somebody who writes so.
        ("a.json", '{"age": "1,5", "work": "public"}\n{"age": 1.234, "work": "private"}\n{"age": 0.25}\n'),
    ],
)
def test_numbers_of_json_are_no_decimal_commas_whatever_training_had(name, text, thousands):
    kind = NumberKind(",", thousands)
    signature = Signature(
        {"age": kind, "work": CategoryKind(("private", "public"))}, {"income": Regression()}
    )
    assert numbers(predicted(write(name, text), signature)) == [1.56, 1.304, 0.25]


def test_what_the_config_told_of_the_tables_is_told_here_too():
    written = {"format": {"missing": ["x"], "header": None}, "names": {"work": "job"}}
    Path("p.csv").write_text("age,job\n1,x\nx,?\n")
    assert numbers(predicted(Asked(["p.csv"], written=written))) == [1.0, -0.99]


def test_columns_without_names_are_those_of_tables_without_a_header():
    signature = Signature(
        {"column_1": NumberKind(), "column_2": CategoryKind(("a",))}, {"column_3": Regression()}
    )

    class First(Lengths):
        def predict(self, features):
            return features["column_1"].values()[:, None]

    assert numbers(predicted(write("p.csv", "5,a,1\n"), signature, First())) == [5.0]


def test_one_row_by_values():
    rows = find_rows(Asked([], ["age=39"]), PEOPLE, print)
    assert rows.remarks == ["not set, and so missing: work"]
    (found,) = predict(run_of(PEOPLE), Lengths(), rows)
    assert (found.input.name, numbers([found])) == ("--set", [39.0])
    (found,) = predicted(Asked([], ["work=a=b", "age= 7 "]))
    assert numbers([found]) == [7.03]
    (found,) = predicted(Asked([], ["age=old", "work=a"]))
    assert found.error == "--set age: expected a number, found 'old'"


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        (["aeg=1"], "--set aeg=1: the model has no column aeg", "did you mean age?"),
        (["age"], "--set age: expected COLUMN=VALUE", "columns: age, work"),
        (["age=1", "age=2"], "--set age=2: age is set twice", None),
    ],
)
def test_settings_that_are_none(settings, message, hint):
    with pytest.raises(UsageError) as refused:
        find_rows(Asked([], settings), PEOPLE, print)
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_set_and_keep_are_for_rows():
    arrays = Signature.of(ArrayKind((3,)), Regression())
    with pytest.raises(UsageError, match="--set is for models of rows of a table; this one takes 3 float32"):
        find_rows(Asked([], ["age=1"]), arrays, print)
    assert find_rows(Asked(["x.npy"]), arrays, print) is None
    write("p.csv", GOOD)
    with pytest.raises(UsageError, match="--set asks about one row"):
        find_rows(Asked(["p.csv"], ["age=1"]), PEOPLE, print)


def csv_of(kept):
    rows = find_rows(Asked(["p.csv"], kept=kept), PEOPLE, print)
    with csv_output(Path("out.csv"), ["prediction"], kept=rows.columns) as take:
        for item in predict(run_of(PEOPLE), Lengths(), rows):
            take(item)
    with Path("out.csv").open(newline="") as file:
        return list(csv.reader(file))


def test_csv_has_the_rows_as_they_are_written_and_predictions_behind():
    write("p.csv", 'age,work,prediction\n039,private,"a, b"\nx,public,\n')
    assert csv_of(None) == [
        ["age", "work", "prediction", "prediction_2", "error"],
        ["039", "private", "a, b", "39.07", ""],
        ["x", "public", "", "", "p.csv:3, age: expected a number, found 'x'"],
    ]
    assert [row[:-1] for row in csv_of(["prediction", "age"])] == [
        ["prediction", "age", "prediction_2"],
        ["a, b", "039", "39.07"],
        ["", "x", ""],
    ]
    with pytest.raises(DataError, match=r"no column ag; its columns: age, work, prediction"):
        csv_of(["ag"])


def test_many_rows_are_predicted_in_blocks():
    count = 10_000
    write("p.csv", "age,work\n" + "".join(f"{number},w{number % 3000}\n" for number in range(count)))
    engine = Lengths()
    found = predicted(Asked(["p.csv"]), engine=engine)
    assert engine.batches == [4096, 4096, 1808]
    assert numbers(found)[::4000] == [0.02, 4000.05, 8000.05]


def test_json_has_a_value_for_each_target():
    signature = Signature(PEOPLE.inputs, {"first": Regression(), "second of two": Regression()})

    class Both(Lengths):
        def predict(self, features):
            given = super().predict(features)
            return {"first": given, "second_of_two": -given}

    opened = OpenRun(
        RunFolder(Path("run")),
        {OUTPUTS: {name: Reading().as_json() for name in signature.targets}},
        signature,
    )
    rows = find_rows(write("p.csv", "age,work\n1,\n"), signature, print)
    (found,) = predict(opened, Both(), rows)
    assert found.answer.line(3) == "first: 1; second of two: -1"
    assert json.loads(json.dumps(found.as_json(3))) == {
        "input": "p.csv:2",
        "targets": {"first": {"prediction": 1.0}, "second of two": {"prediction": -1.0}},
    }
    assert found.answer.cells() == ["1", "-1"]
