"""`bigmodel check`: all mistakes at once, and no TensorFlow."""

from __future__ import annotations


def test_a_good_config(bigmodel, tiny):
    outcome = bigmodel("check", tiny, "training.epochs=5", "~optimizer.Adam.learning_rate")
    assert outcome.code == 0
    assert outcome.out == "tiny.yaml: ok (synthetic, 3 steps, CategoricalCrossentropy, Adam, 5 epochs)\n"
    words = "tiny.yaml training.epochs=5 '~optimizer.Adam.learning_rate'"
    assert outcome.err == f"\nnext:\n  bigmodel show {words}\n  bigmodel train {words}\n"


def test_a_good_config_as_json(bigmodel, tiny):
    outcome = bigmodel("check", tiny, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json == {"config": "tiny.yaml", "ok": True, "problems": []}


def test_every_mistake_at_once(bigmodel, changed):
    path = changed("Flatten\n  - Dense: {units: 16", "Flaten\n  - Dense: {unit: 16")
    outcome = bigmodel("check", path)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error: c.yaml:8:5: model.0: there is no layer 'Flaten'\n"
        "    8 |   - Flaten\n"
        "      |     ^^^^^^\n"
        "      = did you mean Flatten?\n"
        "c.yaml:9:13: model.1.Dense.unit: Dense has no argument 'unit'\n"
        "    9 |   - Dense: {unit: 16, activation: relu}\n"
        "      |             ^^^^\n"
        "      = did you mean units?\n"
        "      = units: Positive integer, dimensionality of the output space.\n"
        "2 problems\n"
    )


def test_mistakes_as_json(bigmodel, changed):
    outcome = bigmodel("check", changed("epochs: 2", "epochs: 0"), "--json")
    assert outcome.code == 2
    document = outcome.json
    assert (document["config"], document["ok"]) == ("c.yaml", False)
    (problem,) = document["problems"]
    assert (problem["file"], problem["line"], problem["column"]) == ("c.yaml", 14, 11)
    assert problem["path"] == "training.epochs"
    assert problem["message"] == "expected at least 1, found 0"


def test_a_missing_file_as_json(bigmodel):
    outcome = bigmodel("check", "nope.yaml", "--json")
    assert outcome.code == 2
    assert outcome.json["error"]["message"] == "nope.yaml: no such file"
