"""Several targets: the same losses in whatever order things are written, and what a run says of each."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

from bigmodel_cli.cli.main import run
from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.run_folder import RunFolder

pytestmark = [pytest.mark.slow, pytest.mark.tf]

COLUMNS = ("age", "town", "weight", "kind", "worth", "bought")


def rows(count: int = 240) -> list[dict[str, str]]:
    """Rows with three targets: `kind` of three classes, `worth`, a number, and `bought`, yes or no."""
    rng = np.random.default_rng(7)
    ages, weights = rng.normal(40, 10, count).round(3), rng.normal(0, 1, count).round(3)
    towns = rng.choice(["Bonn", "Köln", "Ulm"], count)
    kinds = np.digitize(ages + 3 * rng.normal(size=count), [35, 45])
    worths = (3 * weights + (towns == "Ulm") * 10 + rng.normal(size=count)).round(3)
    bought = weights + rng.normal(size=count) > 0.5
    return [
        dict(zip(COLUMNS, map(str, row), strict=True))
        for row in zip(
            ages,
            towns,
            weights,
            np.array(["a", "b", "c"])[kinds],
            worths,
            np.where(bought, "yes", "no"),
            strict=True,
        )
    ]


def write_table(path, columns=COLUMNS, **more):
    table = rows()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*columns, *more])
        writer.writeheader()
        writer.writerows(
            {**row, **{name: values[number] for name, values in more.items()}}
            for number, row in enumerate(table)
        )


def data_of(**table):
    table = {"path": "t.csv", "target": ["kind", "worth", "bought"], **table}
    weights = {"kind": {"a": 2}, "bought": "balanced"}
    return {"source": {"table": table}, "batch_size": 32, "class_weights": weights}


def dense(name, **arguments):
    return {"Dense": {"name": name, **arguments}}


def config(path, **changes):
    document = {
        "data": data_of(),
        "preprocessing": {
            "number": [{"impute": {"with": "mean", "flag": True}}, "Normalization"],
            "category": [{"StringLookup": {"output_mode": "one_hot"}}],
        },
        "model": [
            dense("trunk", units=8, activation="relu", kernel_regularizer={"L2": {"l2": 0.01}}),
            dense("kind", inputs=["trunk"], units="kind.num_classes", activation="softmax"),
            dense("worth", inputs=["trunk"], units=1),
            dense("bought", inputs=["trunk"], units=1, activation="sigmoid"),
        ],
        "loss": {
            "kind": "SparseCategoricalCrossentropy",
            "worth": "MeanSquaredError",
            "bought": "BinaryCrossentropy",
        },
        "loss_weights": {"worth": 0.3},
        "optimizer": {"Adam": {"learning_rate": 0.01}},
        "metrics": {"kind": ["accuracy"], "worth": ["mae"], "bought": ["accuracy", "AUC"]},
        "calibrate": {"bought": {"threshold": "f1"}, "kind": {}},
        "training": {"epochs": 2, "deterministic": True, "device": "cpu"},
    }
    document.update(changes)
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), "utf-8")


def train(folder, *overrides):
    code = run(["train", str(folder / "c.yaml"), "--runs-dir", str(folder / "runs"), "--plain", *overrides])
    assert code == 0
    (found,) = (folder / "runs" / "c").iterdir()
    return RunFolder(found)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """A run of three targets."""
    folder = tmp_path_factory.mktemp("three")
    write_table(folder / "t.csv")
    config(
        folder / "c.yaml",
        expect={"test_kind_accuracy": ">= 0.1", "bought.macro.f1": ">= 2", "test_loss": ">= 0"},
    )
    assert run(["train", str(folder / "c.yaml"), "--runs-dir", str(folder / "runs"), "--plain"]) == 4
    (found,) = (folder / "runs" / "c").iterdir()
    return RunFolder(found)


def measured(found):
    """What epochs measured, by name, without times."""
    own = ("seconds", "examples_per_second", "memory_mb")
    return {name: values for name, values in read_metrics(found.metrics).items() if name not in own}


def test_no_order_changes_a_digit(three, tmp_path):
    """That of columns in the file, of targets, and of keys under loss, metrics, columns and preprocessing."""
    write_table(tmp_path / "t.csv", ("bought", "weight", "worth", "town", "kind", "age"))
    columns = {"weight": "number", "town": "category", "age": "number"}
    config(
        tmp_path / "c.yaml",
        data=data_of(target=["bought", "kind", "worth"], columns=columns),
        loss={
            "bought": "BinaryCrossentropy",
            "worth": "MeanSquaredError",
            "kind": "SparseCategoricalCrossentropy",
        },
        metrics={"bought": ["AUC", "accuracy"], "kind": ["accuracy"], "worth": ["mae"]},
        preprocessing={
            "category": [{"StringLookup": {"output_mode": "one_hot"}}],
            "number": [{"impute": {"with": "mean", "flag": True}}, "Normalization"],
        },
    )
    other = train(tmp_path)
    assert measured(other) == measured(three)
    assert len(measured(three)) == 2 * (1 + 3 + 4) + 2
    mine, theirs = (found.read_json(found.evaluation("test")) for found in (three, other))
    assert mine["metrics"] == theirs["metrics"]
    assert mine["targets"] == theirs["targets"]


def test_every_target_has_its_part_of_an_evaluation(three):
    evaluation = three.read_json(three.evaluation("test"))
    assert list(evaluation) == ["split", "checkpoint", "examples", "metrics", "targets"]
    assert list(evaluation["targets"]) == ["kind", "worth", "bought"]
    metrics = evaluation["metrics"]
    names = ["loss", "kind_loss", "worth_loss", "bought_loss", "kind_accuracy", "worth_mae", "bought_auc"]
    assert set(names) < set(metrics)
    weighted = metrics["kind_loss"] + 0.3 * metrics["worth_loss"] + metrics["bought_loss"]
    # The penalty of the trunk's kernel is part of the sum alone.
    assert 0 < metrics["loss"] - weighted < 0.3
    for name, part in evaluation["targets"].items():
        assert part["metrics"]["loss"] == metrics[f"{name}_loss"]
        assert part["scores"] and part["intervals"]
    assert evaluation["targets"]["worth"]["metrics"]["r2"] == metrics["worth_r2"]
    assert len(evaluation["targets"]["kind"]["confusion_matrix"]) == 3


def test_the_files_of_an_evaluation_name_targets(three):
    with three.predictions("test").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == [
        "example",
        *("kind_label", "kind_prediction", "kind_score_a", "kind_score_b", "kind_score_c"),
        *("worth_label", "worth_prediction"),
        *("bought_label", "bought_prediction", "bought_score_no", "bought_score_yes"),
    ]
    evaluation = three.read_json(three.evaluation("test"))
    right = np.mean([row["kind_label"] == row["kind_prediction"] for row in found])
    assert evaluation["metrics"]["kind_accuracy"] == pytest.approx(right)
    errors = [abs(float(row["worth_label"]) - float(row["worth_prediction"])) for row in found]
    assert evaluation["metrics"]["worth_mae"] == pytest.approx(np.mean(errors), rel=1e-5)
    assert list(three.read_json(three.samples("test"))) == ["kind", "worth", "bought"]
    assert three.read_labels() == {"kind": ("a", "b", "c"), "worth": None, "bought": ("no", "yes")}
    plots = {path.stem for path in three.plot("x").parent.iterdir()}
    assert {"curves", "confusion_matrix_kind", "confusion_matrix_bought", "residuals_worth"} <= plots


def test_each_target_has_its_decision(three):
    written = three.read_json(three.decision)
    assert set(written) == {"bought", "kind"}
    assert written["bought"]["positive"] == "yes" and written["kind"]["threshold"] is None
    parts = three.read_json(three.evaluation("test"))["targets"]
    assert "decision" not in parts["worth"]
    for name in written:
        found = {key: written[name][key] for key in ("temperature", "positive", "threshold")}
        assert found.items() <= parts[name]["decision"].items()


def test_gates_name_targets(three):
    gates = {gate["metric"]: gate for gate in three.read_record()["gates"]}
    assert [gate["met"] for gate in gates.values()] == [True, False, True]
    evaluation = three.read_json(three.evaluation("test"))
    assert gates["bought.macro.f1"]["value"] == evaluation["targets"]["bought"]["macro"]["f1"]


def test_the_page_has_sections_of_each_target(three):
    page = three.report.read_text("utf-8")
    for part in ('id="confusion_kind"', 'id="confusion_bought"', "kind: Confusion matrix", "worth: Mistakes"):
        assert part in page
    assert page.count("<h1>") == 3
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert data["confusion_kind"]["classes"] == ["a", "b", "c"]


def test_commands_tell_of_each_target(three, bigmodel, tmp_path):
    found = bigmodel("evaluate", three.path, "--fail-under", "bought.macro.f1=0.01")
    assert found.code == 4, found.err
    assert "\nkind:\n" in found.out and "\nworth:\n" in found.out and "gate: bought.macro.f1" in found.out
    document = bigmodel("evaluate", three.path, "--json", "--summary", tmp_path / "s.md").json
    assert list(document["targets"]) == ["kind", "worth", "bought"]
    assert document["test"] == three.read_json(three.evaluation("test"))["metrics"]
    assert "bought: classes, weakest first" in (tmp_path / "s.md").read_text("utf-8")
    shown = bigmodel("runs", "show", three.path, "--json").json
    assert shown["results"]["test"]["kind_accuracy"].keys() == {"value", "low", "high"}
    assert "bought.macro.f1" in shown["results"]["test"]
    assert bigmodel("report", three.path).code == 0
    best = bigmodel("runs", "best", three.path, "--metric", "worth_r2", "--json")
    assert best.code == 0, best.err
    copied = shutil.copytree(three.path, tmp_path / "runs" / "c" / "copied")
    compared = bigmodel("runs", "compare", three.path, copied)
    assert compared.code == 0, compared.err
    assert "test_worth_r2" in compared.out


@pytest.mark.parametrize("override", ["training.device=cpu:0-1", "training.accumulate=3"])
def test_parts_of_batches_give_the_losses_of_the_whole(three, tmp_path, warm, override):
    write_table(tmp_path / "t.csv")
    config(tmp_path / "c.yaml")
    ended = warm.run("train", "c.yaml", "--plain", "--runs-dir", "runs", override, folder=tmp_path)
    assert ended.code == 0, ended.output
    (found,) = (tmp_path / "runs" / "c").iterdir()
    other, whole = measured(RunFolder(found)), measured(three)
    for name, values in whole.items():
        # Areas are counted by thresholds, which a rounded probability may cross.
        assert other[name] == pytest.approx(values, rel=0.02 if "auc" in name else 2e-4), name


def test_weights_of_examples_count_in_losses_alone(tmp_path):
    weights = np.arange(240) % 5
    write_table(tmp_path / "t.csv", counts=weights.tolist())
    table = {
        "path": "t.csv",
        "target": ["worth", "bought"],
        "sample_weight": "counts",
        "columns": {"kind": "ignore"},
    }
    config(
        tmp_path / "c.yaml",
        data={"batch_size": 32, "source": {"table": table}, "validation": 0, "test": 0},
        model=[
            dense("worth", inputs=["numbers"], units=1),
            dense("bought", inputs=["numbers"], units=1, activation="sigmoid"),
        ],
        calibrate=None,
        loss={"worth": "MeanAbsoluteError", "bought": "BinaryCrossentropy"},
        loss_weights={},
        metrics={"worth": ["mae"]},
    )
    found = train(tmp_path)
    evaluation = found.read_json(found.evaluation("train"))
    with found.predictions("train").open(newline="", encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    # They count in relation to each other, whatever their unit.
    weights = weights / weights.mean()
    spread = np.std([float(row["worth_label"]) for row in told])
    errors = np.array([abs(float(row["worth_label"]) - float(row["worth_prediction"])) for row in told])
    assert evaluation["metrics"]["worth_loss"] == pytest.approx(np.mean(errors * weights) / spread, rel=1e-4)
    assert evaluation["metrics"]["worth_mae"] == pytest.approx(errors.mean(), rel=1e-4)
    right = [float(row[f"bought_score_{row['bought_label']}"]) for row in told]
    assert evaluation["metrics"]["bought_loss"] == pytest.approx(np.mean(-np.log(right) * weights), rel=1e-4)


def test_a_run_goes_on_as_if_it_had_not_ended(three, tmp_path):
    write_table(tmp_path / "t.csv")
    config(tmp_path / "c.yaml")
    short = train(tmp_path, "training.epochs=1")
    assert run(["train", "--resume", str(short.path), "training.epochs=2", "--plain"]) == 0
    assert measured(short) == measured(three)


def test_several_things_are_predicted_of_a_picture(bigmodel, tmp_path):
    for name in range(24):
        red, size = (255, 4) if name % 2 else (0, 2)
        Image.new("RGB", (8, 8), (red, 0, 0)).save(tmp_path / f"{name}.png")
        mask = np.zeros((8, 8), np.uint8)
        mask[:size] = 1
        Image.fromarray(mask).save(tmp_path / f"m{name}.png")
    lines = [f"{n}.png,m{n}.png,{'red' if n % 2 else 'black'},{n % 2}.5" for n in range(24)]
    (tmp_path / "t.csv").write_text("\n".join(["photo,outline,colour,size", *lines]) + "\n")
    columns = {
        "photo": {"image": {"image_size": [8, 8]}},
        "outline": {"mask": {"of": "photo", "classes": ["out", "in"]}},
    }
    table = {"path": "t.csv", "target": ["outline", "colour", "size"], "columns": columns}
    written = {
        "data": {"source": {"table": table}, "batch_size": 8},
        "preprocessing": {"photo": [{"Rescaling": {"scale": "1/255"}}]},
        "model": [
            {"Conv2D": {"name": "map", "inputs": ["photo"], "filters": 4, "kernel_size": 1}},
            {"Conv2D": {"name": "outline", "filters": 2, "kernel_size": 1, "activation": "softmax"}},
            {"GlobalAveragePooling2D": {"name": "mean", "inputs": ["map"]}},
            {"Dense": {"name": "colour", "inputs": ["mean"], "units": 1, "activation": "sigmoid"}},
            {"Dense": {"name": "size", "inputs": ["mean"], "units": 1}},
        ],
        "loss": {
            "outline": "SparseCategoricalCrossentropy",
            "colour": "BinaryCrossentropy",
            "size": "MeanSquaredError",
        },
        "optimizer": {"Adam": {"learning_rate": 0.05}},
        "training": {"epochs": 8, "device": "cpu"},
    }
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(written, sort_keys=False))
    found = train(tmp_path)
    assert "max_difference" in found.read_record()["litert"]
    assert set(found.read_json(found.evaluation("test"))["targets"]) == {"outline", "colour", "size"}
    (tmp_path / "asked.csv").write_text("photo\n1.png\n")
    asked = ("predict", tmp_path / "asked.csv", "--run", found.path)
    (answer,) = bigmodel(*asked, "--json").json["predictions"]
    assert answer["targets"]["colour"]["prediction"] == "red"
    assert {one["class"] for one in answer["targets"]["outline"]["classes"]} == {"out", "in"}
    refused = bigmodel(*asked, "--out", tmp_path / "masks")
    assert refused.code == 2 and "--out is for masks of images alone, not of rows" in refused.err
    assert "--json has these" in refused.err
