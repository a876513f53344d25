"""How two configs differ: only what differs, and a layer that was put in counts once."""

from __future__ import annotations

from typing import Any

import pytest

from bigmodel_cli.config.differences import differences

CONV, DENSE = {"Conv2D": {"filters": 8}}, {"Dense": {"units": 3}}
DROPOUT = {"Dropout": {"rate": 0.5}}


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ({"seed": 0}, {"seed": 0}, []),
        ({"seed": 0}, {"seed": 1}, [("seed", 0, 1)]),
        ({"seed": 0}, {}, [("seed", 0, None)]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, [("a.c", 2, 3)]),
        # A section that one of them lacks, leaf by leaf; a list of names as one value.
        ({"calibrate": None}, {"calibrate": {"temperature": True}}, [("calibrate.temperature", None, True)]),
        ({"metrics": ["accuracy"]}, {"metrics": ["accuracy", "AUC"]}, None),
        # Another component in one's place, with all that it has.
        ({"loss": "Huber"}, {"loss": {"MSE": {"name": "x"}}}, [("loss", "Huber", {"MSE": {"name": "x"}})]),
        (
            {"o": {"SGD": {"lr": 1}}},
            {"o": {"Adam": {"lr": 1}}},
            [("o", {"SGD": {"lr": 1}}, {"Adam": {"lr": 1}})],
        ),
        ({"o": {"SGD": {"lr": 1}}}, {"o": {"SGD": {"lr": {"S": {}}}}}, [("o.SGD.lr", 1, {"S": {}})]),
        (
            {"o": "SGD"},
            {"o": {"SGD": {"lr": {"S": {"a": 1, "b": 2}}}}},
            [("o.SGD.lr", None, {"S": {"a": 1, "b": 2}})],
        ),
        # The same one with arguments now.
        ({"o": "SGD"}, {"o": {"SGD": {"lr": 1}}}, [("o.SGD.lr", None, 1)]),
    ],
)
def test_sections_and_components(one: Any, other: Any, found: Any) -> None:
    expected = [(key, one[key], other[key]) for key in one] if found is None else found
    assert differences(one, other) == expected
    assert differences(other, one) == [(key, right, left) for key, left, right in expected]


def model(*layers: Any) -> dict[str, Any]:
    return {"model": list(layers)}


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (model(CONV, DENSE), model(CONV, DROPOUT, DENSE), [("model.1", None, DROPOUT)]),
        (model(CONV, DROPOUT, DENSE), model(CONV, DENSE), [("model.1", DROPOUT, None)]),
        (model(CONV, "Flatten", DENSE), model(CONV, DENSE), [("model.1", "Flatten", None)]),
        (
            model("Flatten", CONV, DENSE),
            model(DROPOUT, "Flatten", {"Conv2D": {"filters": 9}}, DENSE),
            [("model.0", None, DROPOUT), ("model.1.Conv2D.filters", 8, 9)],
        ),
        (model(CONV, "Flatten"), model(DENSE, "Flatten"), [("model.0", CONV, DENSE)]),
        (model("Flatten", "ReLU", DENSE), model("Flatten", "GELU", DENSE), [("model.1", "ReLU", "GELU")]),
        (
            model({"repeat": {"times": 2, "layers": [DENSE, DROPOUT]}}),
            model({"repeat": {"times": 3, "layers": [DENSE]}}),
            [("model.0.repeat.times", 2, 3), ("model.0.repeat.layers.1", DROPOUT, None)],
        ),
    ],
)
def test_lists_of_layers(one: Any, other: Any, found: Any) -> None:
    assert differences(one, other) == found
    assert differences(one, one) == []


def test_the_order_is_that_of_a_config() -> None:
    one, other = {"a": 1, "c": {"d": 1}, "e": 1}, {"a": 2, "b": 1, "c": {"d": 2}, "e": 2}
    assert [key for key, *_ in differences(one, other)] == ["a", "b", "c.d", "e"]
