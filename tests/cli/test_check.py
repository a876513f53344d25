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
    assert outcome.json == {"config": "tiny.yaml", "ok": True, "problems": [], "not_checked": []}


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


def test_what_it_cannot_know_without_the_data_it_says(bigmodel, tiny):
    source = "data.source={image_folder: {path: photos, image_size: [6, 6], color_mode: grayscale}}"
    outcome = bigmodel("check", tiny, source)
    assert outcome.code == 0
    assert "photos, so that nothing of the data could be checked" in outcome.err
    assert "only the data tells it: the number of classes, the number of steps" in outcome.err
    document = bigmodel("check", tiny, source, "--json").json
    assert document["not_checked"] == ["the number of classes", "the number of steps"]
    assert [problem["severity"] for problem in document["problems"]] == ["warning"]
    assert bigmodel("check", tiny, source, "--strict").code == 2


def test_data_that_is_there_is_not_missed(bigmodel, tiny, tmp_path):
    (tmp_path / "x.npz").write_bytes(b"")
    outcome = bigmodel("check", tiny, "data.source={npz: {path: x.npz, labels: numbers}}", "loss=mse",
                       "model.2.Dense={units: 1}", "--json")  # fmt: skip
    assert outcome.json["problems"] == []
    assert outcome.json["not_checked"] == ["the number of steps", "the range of values"]
    outcome = bigmodel("check", tiny, "data.source={image_csv: {path: a.csv, root: b, image_size: 6}}")
    assert "a.csv, so that nothing" in outcome.err and "b, so that nothing" in outcome.err


def test_a_units_too_many_is_found_where_the_classes_are_known(bigmodel, tiny):
    outcome = bigmodel("check", tiny, "model.2.Dense.units=7")
    assert outcome.code == 2
    assert "model.2.Dense.units: the model gives 7 numbers, and the data has 3 classes" in outcome.err
    two = "data.source={synthetic: {shape: [6, 6, 1], num_classes: 2}}"
    one = "model.2.Dense={units: 1, activation: sigmoid}"
    assert bigmodel("check", tiny, two, one, "loss=BinaryCrossentropy").code == 0
    assert bigmodel("check", tiny, "data.source=digits", "model.2.Dense.units=11").code == 2
    assert bigmodel("check", tiny, "data.source=cifar100", "model.2.Dense.units=100").code == 0
