"""Names of columns: what is told before data is read, and what once all columns are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bigmodel_cli.config.checks import check_experiment
from bigmodel_cli.config.dump import plain
from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.load import LoadedConfig, load_config
from bigmodel_cli.config.problems import Problems
from bigmodel_cli.modeling.language import language

BASE = {
    "data": "data: {source: {table: {path: p.csv, target: [Survived, fare]}}}",
    "preprocessing": "preprocessing: {number: [Normalization]}",
    "model": "model: [{Dense: {units: 8, name: trunk}}, "
    "{Dense: {units: 1, name: Survived, activation: sigmoid}}, {Dense: {units: 1, name: fare}}]",
    "loss": "loss: {Survived: BinaryCrossentropy, fare: MeanSquaredError}",
    "optimizer": "optimizer: Adam",
}
KNOWN = {"age": "number", "class": "number", "sex": "category", "a.b": "number"}


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., LoadedConfig]:
    def write(*words: str, extends: str = "", **sections: str) -> LoadedConfig:
        path = tmp_path / "c.yaml"
        path.write_text("\n".join({**BASE, **sections}.values()), "utf-8")
        if extends:
            (tmp_path / "d.yaml").write_text(f"extends: c.yaml\n{extends}\n", "utf-8")
            path = tmp_path / "d.yaml"
        return load_config(path, words, language())

    return write


def told_with_data(config: LoadedConfig, columns: dict[str, str] = KNOWN) -> list[str]:
    """What is said once the columns are known: place, message and advice."""
    problems = Problems()
    facts = DataFacts(columns=columns, has_all_columns=True)
    check_experiment(config.experiment, config.stack[-1], problems, facts)
    return [f"{p.place.line}:{p.place.column}: {p.message} ({p.suggestion})" for p in problems.found]


def test_what_is_right_stays_right_when_the_columns_are_known(load):
    model = "model: [{Dense: {units: 2, inputs: [numbers]}}, "
    model += "{Dense: {name: x, inputs: [a.b, previous], units: 1}},"
    model += " {Dense: {name: Survived, units: 1, activation: sigmoid}}, {Dense: {units: 1, name: fare}}]"
    preprocessing = (
        "preprocessing: {number: [Normalization], sex: [StringLookup], a.b: [Rescaling: {scale: 1}]}"
    )
    assert told_with_data(load(model=model, preprocessing=preprocessing)) == []


@pytest.mark.parametrize(
    ("section", "text", "expected"),
    [
        (
            "preprocessing",
            "preprocessing: {aeg: [Normalization]}",
            "2:17: no column and no kind is called 'aeg' (did you mean age?)",
        ),
        (
            "preprocessing",
            "preprocessing: {nmber: [Normalization]}",
            "2:17: no column and no kind is called 'nmber' (did you mean number?)",
        ),
        (
            "preprocessing",
            "preprocessing: {date: [Normalization]}",
            "2:17: no column is of the kind date, so that this does nothing (remove date)",
        ),
        (
            "preprocessing",
            "preprocessing: [Normalization]",
            "2:1: preprocessing is a list, and the data has 4 columns (write it by kind or column: "
            "preprocessing: {category: [Normalization]})",
        ),
        (
            "model",
            "model: [{Dense: {units: 8, name: Survived, inputs: [ages], activation: sigmoid}}, "
            "{Dense: {units: 1, name: fare}}]",
            "3:53: no column and no step above is called 'ages' (did you mean age?)",
        ),
        (
            "model",
            "model: [{Dense: {units: 8, name: Survived, inputs: [texts], activation: sigmoid}}, "
            "{Dense: {units: 1, name: fare}}]",
            "3:53: texts: no column is of the kind text "
            "(there are: age, class, sex, a.b, categories, numbers)",
        ),
        (
            "model",
            "model: [{Dense: {units: 8, name: sex}}, "
            "{Dense: {units: 8, name: Survived, activation: sigmoid}}, {Dense: {units: 1, name: fare}}]",
            "3:34: the name 'sex' is that of a column (write another name: sex_1)",
        ),
    ],
)
def test_a_name_that_nothing_has(load, section, text, expected):
    config = load(**{section: text})
    assert expected in told_with_data(config)


def test_a_column_with_the_name_of_another_kind_is_ambiguous(load):
    config = load()
    said = told_with_data(config, {"number": "category", "age": "number"})
    assert said == [
        "2:17: 'number' is a column, of the kind category, and a kind "
        "(rename the column: columns: {number_: {from: number}})"
    ]
    assert told_with_data(config, {"number": "number", "age": "number"}) == []


def test_a_column_of_the_files_with_a_taken_name_is_refused_when_it_is_known(load):
    (said,) = told_with_data(load(), {"previous": "number"})
    assert said.endswith("(rename it: columns: {previous_: {from: previous}})")


def test_layers_of_a_column_called_like_a_layer_are_a_list(load):
    config = load(preprocessing="preprocessing: {Dense: [Normalization]}")
    assert list(config.experiment.preprocessing) == ["Dense"]


def test_a_layer_over_others_replaces_no_column(load):
    config = load(
        extends="preprocessing: {Age: [Rescaling: {scale: 2}]}\nloss: {fare: Huber}\n"
        "metrics: {Survived: [AUC]}",
        preprocessing="preprocessing: {Fare: [Normalization]}",
    )
    written = plain(config.experiment)
    assert written["preprocessing"] == {"Fare": ["Normalization"], "Age": [{"Rescaling": {"scale": 2}}]}
    assert written["loss"] == {"Survived": "BinaryCrossentropy", "fare": "Huber"}
    assert written["metrics"] == {"Survived": ["AUC"]}


def test_one_loss_for_all_replaces_losses_by_target_and_the_other_way_round(load):
    one = load(extends="loss: {Huber: {delta: 2}}", model=BASE["model"].replace("sigmoid", "linear"))
    assert plain(one.experiment)["loss"] == {"Huber": {"delta": 2}}
    of_each = load(
        loss="loss: {MeanSquaredError: {}}",
        extends="loss: {Survived: BinaryCrossentropy, fare: MeanSquaredError}",
    )
    assert set(plain(of_each.experiment)["loss"]) == {"Survived", "fare"}


@pytest.mark.parametrize(
    ("word", "keys", "expected"),
    [
        ('preprocessing."a.b"=[Normalization]', ("preprocessing", "a.b"), ["Normalization"]),
        ("preprocessing.'a.b'=[Normalization]", ("preprocessing", "a.b"), ["Normalization"]),
        ('preprocessing."Größe (cm) = x"=[]', ("preprocessing", "Größe (cm) = x"), []),
        ('preprocessing."a/b[0]"=[]', ("preprocessing", "a/b[0]"), []),
        (r'preprocessing."say \"a.b\""=[]', ("preprocessing", 'say "a.b"'), []),
        ('data.source.table.columns."a.b"=date', ("data", "source", "table", "columns", "a.b"), "date"),
        ("loss.Survived=BinaryFocalCrossentropy", ("loss", "Survived"), "BinaryFocalCrossentropy"),
        ("loss_weights.Survived=0.5", ("loss_weights", "Survived"), 0.5),
    ],
)
def test_a_word_of_the_command_line_quotes_what_has_dots(load, word, keys, expected):
    found = plain(load(word).experiment)
    for key in keys:
        found = found[key]
    assert found == expected


def test_a_quoted_key_is_removed(load):
    text = "preprocessing: {a.b: [Normalization], number: [Normalization]}"
    config = load('~preprocessing."a.b"', preprocessing=text)
    assert list(config.experiment.preprocessing) == ["number"]
