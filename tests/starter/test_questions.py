"""`init` for questions: a config that is whole, and what is no such file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.starter import make_starter

DATA = Path(__file__).resolve().parents[1] / "frozen" / "data" / "questions.json"


def test_a_config_for_questions(tmp_path, monkeypatch):
    for split in ("train", "dev"):
        (tmp_path / f"asked_{split}.json").write_text(DATA.read_text())
    monkeypatch.chdir(tmp_path)
    starter = make_starter(tmp_path / "asked_train.json")
    assert starter.found == (
        "asked_train.json: questions (180 train, 180 validation), an answer of up to 30 words in windows of "
        "256, or none"
    )
    assert len(starter.decisions) == 2
    (tmp_path / "c.yaml").write_text(starter.text)
    experiment = read_config(tmp_path / "c.yaml").experiment
    source = experiment.data.source.options
    assert (source.path.name, source.validation.name, source.test) == (
        "asked_train.json",
        "asked_dev.json",
        None,
    )
    assert experiment.model[-1].name == "answer_span"


def test_a_file_with_something_wrong_is_told_where(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"data": [{"paragraphs": [{"context": "x"}]}]}))
    with pytest.raises(
        DataError, match=r"a\.json, data 1, paragraphs 1: expected an object with 'qas', found co"
    ):
        make_starter(tmp_path / "a.json")


def test_rows_in_json_are_a_table(tmp_path):
    (tmp_path / "a.json").write_text(
        "".join(f'{{"x": {n % 7 + 0.5}, "label": "{"ab"[n % 2]}"}}\n' for n in range(40))
    )
    assert "table:" in make_starter(tmp_path / "a.json").text
