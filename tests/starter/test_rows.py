"""`init` looks into a table without images: its target, splits and columns, and what fits them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from starters import experiment, names

from bigmodel_cli.errors import DataError
from bigmodel_cli.starter import Wishes, make_starter


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, head: str, rows: Sequence[str]) -> Path:
    Path(name).write_text("\n".join([head, *rows]) + "\n")
    return Path(name)


def people(count: int = 60, name: str = "people.csv") -> Path:
    chance = random.Random(0)
    rows = [
        f"{20 + n % 50},{'abc'[n % 3]},{chance.random() if n % 7 else ''},2020-01-{n % 28 + 1:02d},"
        f"a note of {n} words and {n + 1},{chance.choice(['no', 'yes'])}"
        for n in range(count)
    ]
    return write(name, "age,job,size 1,day,note,bought", rows)


@pytest.mark.slow
def test_all_kinds_of_columns(tmp_path):
    lines: list[str] = []
    starter = make_starter(people(), Wishes(note=lines.append))
    assert starter.found == (
        "a table of 60 rows, 2 × number, 1 × category, 1 × date, 1 × text, 2 classes in the column bought"
    )
    assert [line.split(" (")[0].strip() for line in lines] == [
        "age: number", "job: category", "size 1: number", "day: date", "note: text", "bought: category",
    ]  # fmt: skip
    found = experiment(starter.text)
    assert found.data.source.options.target == "bought"
    assert {kind: names(steps) for kind, steps in found.preprocessing.items()} == {
        "number": ["impute", "Normalization"],
        "category": ["StringLookup"],
        "date": ["impute", "Normalization"],
        "text": ["TextVectorization"],
    }
    assert found.preprocessing["number"][0].options.flag
    assert names(found.model) == [
        "Concatenate", "Dense", "Dropout", "Dense", "Dropout", "Concatenate", "Dense",
    ]  # fmt: skip
    assert found.model[0].inputs == ("numbers", "categories", "dates", "texts")
    assert found.model[5].inputs == ("previous", "numbers", "categories", "dates", "texts")


@pytest.mark.slow
def test_many_rows_get_ranks_and_waves():
    path = write("t.csv", "a,b,price", [f"{n % 90}.5,{n % 70},{n * 3 % 101}.25" for n in range(4000)])
    found = experiment(make_starter(path).text)
    assert names(found.preprocessing["number"]) == ["impute", "quantile"]
    assert not found.preprocessing["number"][0].options.flag
    assert (found.model[0].name, found.model[0].inputs) == ("periodic", ("numbers",))
    assert found.model[1].inputs == ("waves", "numbers")
    assert names(found.model[2:]) == [
        "EinsumDense", "Dropout", "EinsumDense", "Dropout", "RepeatVector", "Concatenate", "Dense",
        "GlobalAveragePooling1D",
    ]  # fmt: skip
    assert (found.loss.name, found.model[8].arguments) == ("MeanSquaredError", {"units": 1})
    assert found.model[6].inputs == ("numbers",)


@pytest.mark.slow
def test_classes_of_many_rows_are_told_apart_by_thresholds():
    rows = [f"{n}.5,{n % 70},{'xyz'[n * n % 7 % 3]}" for n in range(4000)]
    text = make_starter(write("t.csv", "a,b,kind", rows)).text
    found = experiment(text)
    assert names(found.preprocessing["number"]) == ["impute", "quantile", "piecewise_linear"]
    assert found.preprocessing["number"][2].options.bins == 32
    assert names(found.model) == [
        "EinsumDense", "Dropout", "EinsumDense", "Dropout", "RepeatVector", "Concatenate", "EinsumDense",
        "GlobalAveragePooling1D", "Softmax",
    ]  # fmt: skip
    assert found.model[6].arguments["activation"] == "linear"
    assert found.model[1].arguments == {"rate": 0.3}
    assert (found.model[4].inputs, found.model[5].inputs) == (("numbers",), ("networks", "previous"))
    assert found.training.checkpoint.monitor is None
    assert "checkpoint: {monitor: null}          # the last epoch: of few held-out examples chance" in text
    assert "# 8 small networks behind ramps of the numbers and a linear part, for 3,200 rows;" in text
    assert (found.optimizer.arguments["weight_decay"], found.calibrate) == (3.0, None)


@pytest.mark.slow
@pytest.mark.parametrize(("twins", "weight_decay"), [(300, 0.1), (100, 3.0)])
def test_what_is_there_again_is_learnt_by_heart(twins, weight_decay):
    rows = [f"{n}.5,{n % 70},{'xyz'[n * n % 7 % 3]}" for n in range(3000)]
    starter = make_starter(write("t.csv", "a,b,kind", rows + rows[:twins]))
    found = experiment(starter.text)
    assert found.optimizer.arguments["weight_decay"] == weight_decay
    assert (found.calibrate is not None) == (twins == 300)
    assert ("; 18 % of all rows are there again; " in starter.decisions[-1]) == (twins == 300)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "target", "batch_size", "epochs", "monitor"),
    [
        (900, "kind", 64, 100, "val_loss"),
        # 1,200 of 1,500 rows in batches of 64: 19 steps an epoch, 3,000 in all would be 158 epochs.
        (1500, "kind", 64, 150, None),
        (1500, "price", 64, 150, "val_loss"),
        # 4,800 rows, 38 steps an epoch.
        (6000, "kind", 128, 79, None),
        # 9,998 rows, 40 steps an epoch, and 3,000 or 1,000 steps.
        (12_498, "kind", 256, 75, None),
        (12_500, "kind", 256, 25, "auto"),
    ],
)
def test_how_long_by_the_number_of_rows(count, target, batch_size, epochs, monitor):
    rows = [f"{n % 90}.5,{n % 70},{n * 3 % 101}.25,{'xyz'[n * n % 7 % 3]}" for n in range(count)]
    found = experiment(make_starter(write("t.csv", "a,b,price,kind", rows), Wishes(target=target)).text)
    assert (found.data.batch_size, found.training.epochs) == (batch_size, epochs)
    assert found.training.checkpoint.monitor == monitor


@pytest.mark.slow
def test_words_alone_are_learnt_in_fewer_steps():
    path = write("t.csv", "a,kind", [f"w{n * n % 17},{'xyz'[n % 3]}" for n in range(2000)])
    found = experiment(make_starter(path).text)
    assert (found.data.batch_size, found.training.epochs, found.training.checkpoint.monitor) == (
        64,
        40,
        "auto",
    )


@pytest.mark.slow
def test_the_test_split_lies_beside():
    people(30, "data_test.csv")
    write("data_val.csv", "other,columns", ["1,2"])
    found = experiment(make_starter(people(60, "data_train.csv")).text).data.source.options
    assert (found.path.name, found.test.name, found.validation) == ("data_train.csv", "data_test.csv", None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "labels", "is_classes"),
    [
        ("quality", None, False),
        ("quality", "classes", True),
        ("grade", None, True),
        ("grade", "numbers", False),
    ],
)
def test_few_whole_numbers(name, labels, is_classes):
    path = write("t.csv", f"a,{name}", [f"{n / 7:.3f},{3 + n % 5}" for n in range(50)])
    starter = make_starter(path, Wishes(labels=labels))
    found = experiment(starter.text)
    assert (found.loss.name == "CategoricalCrossentropy") is is_classes
    assert found.data.source.options.columns == ({name: "category"} if is_classes else {})
    taken = [line for line in starter.decisions if "5 whole numbers from 3 to 7: taken for" in line]
    assert len(taken) == (labels is None)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "last"), [(60, "Dense"), (1500, "Activation")])
def test_lists_are_several_labels_at_once(count, last):
    Path("t.jsonl").write_text(
        "\n".join(f'{{"tags": ["a", "b{n % 2}"], "x": {n * n % 17}.5}}' for n in range(count))
    )
    starter = make_starter(Path("t.jsonl"), Wishes(target="tags"))
    assert (
        starter.found
        == f"a table of {count:,} rows, 1 × number, 3 classes, several at once in the column tags"
    )
    found = experiment(starter.text)
    assert found.data.source.options.columns == {}, "lists are taken for what they are"
    step = found.model[-1]
    assert (step.name, step.arguments["activation"]) == (last, "sigmoid")


@pytest.mark.slow
def test_flags_are_classes_whatever_they_are_called():
    path = write("t.csv", "a,score", [f"{n / 7:.3f},{n % 2}" for n in range(50)])
    assert experiment(make_starter(path).text).loss.name == "CategoricalCrossentropy"


@pytest.mark.slow
def test_columns_that_tell_nothing_or_all():
    rows = [
        f"{n + 7},{'ab'[n % 2]},same,{random.Random(n).random():.9f},{'xyz'[n % 3]},{'XYZ'[n % 3]}"
        for n in range(400)
    ]
    path = write("t.csv", "id,grade,source,size,class,again", rows)
    starter = make_starter(path)
    assert starter.found == "a table of 400 rows, 2 × category, 1 × number, 3 classes in the column class"
    assert starter.decisions[:2] == [
        "class is the target, as its name says; another one: init --target NAME.",
        "again gives it away (each of its values stands for one of the target's, and no other): if nobody "
        "has it when a prediction is made, write columns: {again: ignore}.",
    ]


def test_the_target_that_is_told():
    path = write("t.csv", "price,twice,note", [f"{n}.5,{2 * n}.25,z{n} z" for n in range(60)])
    starter = make_starter(path, Wishes(target="twice"))
    assert experiment(starter.text).data.source.options.target == "twice"
    assert not any("--target" in line for line in starter.decisions)
    assert any(line.startswith("price gives it away") for line in starter.decisions)


def test_rows_without_a_target_are_left_out():
    path = write("t.csv", "a,price", [f"{n / 7:.3f},{'' if n % 20 == 3 else n * 1.5}" for n in range(100)])
    starter = make_starter(path)
    assert experiment(starter.text).data.source.options.missing_target == "drop"
    assert "5 rows have no price: they are left out." in starter.decisions
    assert starter.found.startswith("a table of 100 rows, ")
    assert starter.decisions[-1].endswith(" for 75 rows; 100 epochs.")


def test_names_of_columns_are_quoted():
    path = write(
        "t.csv", '"a: b","größe, (cm)",yes', [f"{n % 9},{n / 3:.2f},{'uv'[n % 2]}" for n in range(40)]
    )
    found = experiment(make_starter(path, Wishes(target="größe, (cm)")).text)
    assert found.data.source.options.target == "größe, (cm)"


NUMBERS = [f"{n},{n / 7:.3f}" for n in range(60)]
CLASSES = [f"{n % 5},{'cd'[n % 2]}" for n in range(60)]


@pytest.mark.parametrize(
    ("rows", "wishes", "says"),
    [
        (CLASSES, {"target": "c"}, "no column c; its columns: a, b"),
        ([f"{n % 5},c" for n in range(60)], {"target": "b"}, "b: constant (every row has 'c'), which is not"),
        ([f"x,{n % 5}" for n in range(60)], {"target": "b"}, "no column is left to predict b from"),
        (CLASSES, {"labels": "numbers"}, "b: the labels are texts"),
        (NUMBERS, {"labels": "classes"}, "which are no classes"),
        ([], {}, "no rows below"),
    ],
)
def test_what_cannot_be_done_is_said(rows, wishes, says):
    path = write("t.csv", "a,b", rows)
    with pytest.raises(DataError) as caught:
        make_starter(path, Wishes(**wishes))
    assert says in caught.value.message
    assert "t.csv" in caught.value.message


@pytest.mark.slow
def test_many_categories_are_limited():
    rows = [f"k{n % 1500},{'uv'[n % 2]}" for n in range(3000)]
    (lookup,) = experiment(make_starter(write("t.csv", "code,target", rows)).text).preprocessing["category"]
    assert lookup.arguments["max_tokens"] == 1000


@pytest.mark.slow
def test_parquet_and_json_lines(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = {"a": [n / 3 for n in range(80)], "b": ["u", "v"] * 40, "target": [n % 2 for n in range(80)]}
    # What no kind takes is left out.
    parquet.write_table(pa.table(table | {"tags": [["x"], []] * 40}), "t.parquet")
    starter = make_starter(Path("t.parquet"))
    assert "a table of 80 rows, 1 × number, 1 × category, 2 classes in the column target" in starter.found
    found = experiment(starter.text)
    assert found.loss.name == "CategoricalCrossentropy" and set(found.preprocessing) == {"number", "category"}
