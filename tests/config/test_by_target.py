"""What is for classes, by target: class weights, repeated examples, decisions, gates."""

from __future__ import annotations

import pytest

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import read_config

CONFIG = """
data:
  source: {{table: {{path: p.csv, target: [{targets}]}}}}
  {data}
model:
  - Dense: {{name: trunk, units: 8}}
  - Dense: {{name: income, inputs: [trunk], units: 1, activation: sigmoid}}
  - Dense: {{name: hours, inputs: [trunk], units: 1}}
loss: {{income: BinaryCrossentropy, hours: MeanSquaredError}}
metrics: {{income: [AUC], hours: [mae]}}
optimizer: Adam
{more}
"""
FACTS = DataFacts(by_target={"income": DataFacts("classes", 2), "hours": DataFacts("numbers", num_columns=1)})


@pytest.fixture
def config(tmp_path):
    def call(data: str = "", more: str = "", targets: str = "income, hours"):
        path = tmp_path / "c.yaml"
        path.write_text(CONFIG.format(data=data, more=more, targets=targets))
        loaded = read_config(path)
        loaded.check_again(FACTS)
        return loaded.experiment

    return call


def test_one_for_all_and_by_target(config):
    for_all = config("class_weights: balanced", "calibrate: {threshold: f1}")
    for target in ("income", "hours"):
        narrowed = for_all.of_target(target)
        assert (narrowed.data.class_weights, narrowed.calibrate.threshold) == ("balanced", "f1")
    by_target = config("class_weights: {income: {yes: 2}}", "calibrate: {income: {}}")
    assert by_target.of_target("income").data.class_weights == {"yes": 2}
    assert by_target.of_target("income").calibrate.temperature
    assert by_target.of_target("hours").data.class_weights is None
    assert by_target.of_target("hours").calibrate is None


@pytest.mark.parametrize(
    ("data", "more", "says"),
    [
        (
            "class_weights: {hours: balanced}",
            "",
            r"c\.yaml:4:26: data\.class_weights\.hours: class_weights is for classes; the labels of hours",
        ),
        (
            "oversample: balanced",
            "",
            r"c\.yaml:4:15: .*oversample repeats examples for the classes of one target",
        ),
        ("class_weights: {income: {yes: -1}}", "", r"c\.yaml:4:\d+: data\.class_weights\.income\.yes: "),
        ("", "calibrate: {hours: {}}", r"calibrate\.hours: calibrate is for classes; hours is a number"),
        ("", "calibrate: {income: {positive: yes}}", r"calibrate\.income\.positive: positive has no effect"),
        ("", "calibrate: {income: {threshold: f2}}", r"calibrate\.income\.threshold: expected f1"),
        ("", "expect: {test_accuracy: '>= 1'}", r"nothing produces 'test_accuracy'"),
        ("", "expect: {test_hours_accuracy: '>= 1'}", r"'test_hours_accuracy': the labels are numbers"),
        ("", "expect: {hours.macro.f1: '>= 1'}", r"'hours\.macro\.f1': the labels are numbers"),
        ("", "expect: {income.macro.f: '>= 1'}", r"nothing produces 'income\.macro\.f'"),
    ],
)
def test_what_a_target_has_not(config, data, more, says):
    with pytest.raises(ConfigError, match=says):
        config(data, more)


def test_gates_of_targets_are_known(config):
    gates = ("test_income_accuracy", "income.macro.f1", "test_income_per_class.recall.min", "test_hours_r2")
    losses = ("test_loss", "val_hours_loss", "test_income_auc", "income.by.sex.recall.gap")
    expected = ", ".join(f"{name}: '>= 0'" for name in (*gates, *losses))
    assert set(config(more=f"expect: {{{expected}}}").expect) == {*gates, *losses}
