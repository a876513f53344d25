"""`runs diff`: what two runs do not have in common."""

from __future__ import annotations

import pytest

RUN_A, RUN_B = "runs/mnist/20260101-000000", "runs/mlp/20260102-000000"


@pytest.fixture
def two(make_run):
    one = make_run(accuracy=0.9)
    text = one.config.read_text().replace("seed: 0", "seed: 1")
    text = text.replace("- Flatten\n", "- Dropout: {rate: 0.5}\n- Flatten\n").replace(
        "name: mnist", "name: mlp"
    )
    splits = {"test": {"examples": 90, "origin": "its own", "sha256": "cd" * 32}}
    make_run(
        "mlp/20260102-000000",
        accuracy=0.95,
        config=text,
        data={"splits": splits},
        versions={"keras": "3.13.0"},
        git_commit="abc-dirty",
        seconds=10,
        parameters=1000,
    )


def rows(outcome):
    return {line.split()[0]: line.split()[1:] for line in outcome.out.splitlines() if line.strip()}


def test_only_what_differs(bigmodel, two):
    shown = bigmodel("runs", "diff", "mnist", "mlp")
    assert shown.code == 0
    found = rows(shown)
    assert found["A"] == [f"{RUN_A},", "completed"] and found["B"] == [f"{RUN_B},", "completed"]
    assert found["seed"] == ["0", "1"]
    assert found["model.1"] == ["—", "{Dropout:", "{rate:", "0.5}}"]
    assert found["keras"] == ["3.12.0", "3.13.0"]
    assert found["git"] == ["commit", "—", "abc-dirty"]
    assert not {"model.0", "model.2", "loss", "device", "dtype"} & set(found)
    assert found["test_accuracy"] == ["0.9000", "0.9500", "+0.0500", "B", "apart"]
    assert found["test_loss"] == ["0.2500", "0.2500"]
    assert found["test_macro.f1"] == ["0.4500", "0.4750", "+0.0250", "B"]
    assert found["parameters"] == ["1,234", "1,000", "-234"]
    assert found["seconds"] == ["75.5000", "10.0000", "-65.5000", "B"]
    assert shown.err == "\nnext:\n  bigmodel runs compare mnist mlp --plot curves.png\n"
    data = [line.split() for line in shown.out.splitlines() if line.split()[:1] == ["test"]]
    assert data == [["test", "examples", "100", "90"], ["test", "sha256", "abababababab", "cdcdcdcdcdcd"]]


def test_json(bigmodel, two):
    document = bigmodel("runs", "diff", "mnist", "mlp", "--json").json
    assert document["one"] == {"run": RUN_A, "status": "completed"}
    assert document["config"] == [
        {"key": "name", "one": "mnist", "other": "mlp"},
        {"key": "seed", "one": 0, "other": 1},
        {"key": "model.1", "one": None, "other": {"Dropout": {"rate": 0.5}}},
    ]
    (accuracy,) = [row for row in document["metrics"] if row["metric"] == "test_accuracy"]
    assert accuracy == {
        "metric": "test_accuracy",
        "one": 0.9,
        "other": 0.95,
        "difference": pytest.approx(0.05),
        "better": "other",
        "intervals_overlap": False,
    }
    assert document["problems"] == []


def test_two_that_differ_in_nothing_but_chance(bigmodel, make_run):
    make_run(accuracy=0.9)
    make_run("mnist/20260102-000000", accuracy=0.905)
    shown = bigmodel("runs", "diff", RUN_A, "mnist")
    assert "the same: config, data, environment\n" in shown.out
    assert rows(shown)["test_accuracy"] == ["0.9000", "0.9050", "+0.0050", "B", "overlap"]


def test_an_unfinished_run_has_no_results_to_compare(bigmodel, make_run):
    make_run()
    run = make_run("mnist/20260102-000000", "interrupted", test={"accuracy": 0.1})
    shown = bigmodel("runs", "diff", "mnist", run.path)
    assert shown.code == 0 and "accuracy" not in shown.out
    assert rows(shown)["B"] == [f"{run.title},", "interrupted"]


def test_a_config_that_was_changed(bigmodel, two):
    with open(f"{RUN_A}/config.yaml", "a") as file:  # noqa: PTH123
        file.write("# changed\n")
    shown = bigmodel("runs", "diff", "mnist", "mlp")
    assert shown.code == 0 and "seed" not in rows(shown)
    assert f"warning: {RUN_A}/config.yaml: damaged or changed" in shown.err
    assert rows(shown)["keras"] == ["3.12.0", "3.13.0"]


def test_the_same_run_and_none(refuses, bigmodel, make_run):
    make_run()
    same = bigmodel("runs", "diff", "mnist", RUN_A)
    assert same.code == 2 and f"mnist and {RUN_A} are the same run, {RUN_A}" in same.err
    refuses(2, "runs", "diff", "nothing", "mnist", says=("nothing: no such run",))
    assert "Missing argument 'B'" in bigmodel("runs", "diff", "mnist").err
