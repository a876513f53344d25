"""`runs best`: the folder of the best run, for `$(…)`."""

from __future__ import annotations

import pytest


@pytest.fixture
def three(make_run):
    make_run("mnist/20260101-000000", accuracy=0.97, rows=[(0.5, 0.8)], seconds=100)
    make_run("mnist/20260102-000000", accuracy=0.99, rows=[(0.3, 0.9)], seconds=50)
    make_run("mnist/20260103-000000", accuracy=0.98, rows=[(0.2, 0.7)], seconds=10)
    make_run("mnist/20260104-000000", "interrupted", test={"accuracy": 1.0})
    make_run("digits/20260105-000000", accuracy=1.0)


@pytest.mark.parametrize(
    ("words", "run", "says"),
    [
        # By validation, unless told otherwise.
        (["mnist"], "mnist/20260102-000000", "val_accuracy 0.9000, the best of 3\n"),
        ([], "mnist/20260102-000000", "val_accuracy 0.9000, the best of 4\n"),
        (["mnist", "--metric", "accuracy"], "mnist/20260102-000000", "val_accuracy 0.9000"),
        (["--metric", "test_accuracy"], "digits/20260105-000000", "test_accuracy 1.0000, the best of 4\n"),
        # Several names, patterns, folders of names and of runs.
        (["mnist", "digits"], "mnist/20260102-000000", "val_accuracy 0.9000, the best of 4\n"),
        (["digits", "mnist/20260101-000000"], "digits/20260105-000000", "val_accuracy 0.8750, the best of 2"),
        (["*n*s*"], "mnist/20260102-000000", "val_accuracy 0.9000, the best of 3\n"),
        (["[dm]*i*"], "mnist/20260102-000000", "val_accuracy 0.9000, the best of 4\n"),
        (["mnist/*3-*", "digits"], "digits/20260105-000000", "val_accuracy 0.8750, the best of 2\n"),
        (
            ["runs/digits", "mnist/20260101*"],
            "digits/20260105-000000",
            "val_accuracy 0.8750, the best of 2\n",
        ),
        # Losses and times are better when smaller.
        (["mnist", "--metric", "val_loss"], "mnist/20260103-000000", "val_loss 0.2000"),
        (["mnist", "--metric", "val_accuracy"], "mnist/20260102-000000", "val_accuracy 0.9000"),
        (["mnist", "--metric", "macro.f1"], "mnist/20260102-000000", "macro.f1 0.4950"),
        (["mnist", "--metric", "seconds"], "mnist/20260103-000000", "seconds 10.0000"),
        # Of equal ones the newest.
        (["mnist", "--metric", "brier_score"], "mnist/20260103-000000", "test_brier_score 0.1250"),
    ],
)
def test_only_its_path_is_on_stdout(bigmodel, three, words, run, says):
    best = bigmodel("runs", "best", *words)
    assert (best.code, best.out) == (0, f"runs/{run}\n")
    assert best.err.startswith(says)
    # One of all runs is not complete.
    is_meant = {"mnist", "[dm]*i*", "*n*s*"}.intersection(words) or words[:1] in ([], ["--metric"])
    assert ("passed over: runs/mnist/20260104-000000 (interrupted)\n" in best.err) == bool(is_meant)
    assert bigmodel("runs", "show", best.out.strip()).code == 0


def test_runs_that_lack_the_metric_are_named(bigmodel, make_run):
    make_run("mnist/20260101-000000", rows=[])
    make_run("mnist/20260102-000000")
    best = bigmodel("runs", "best", "--metric", "val_loss")
    assert best.out == "runs/mnist/20260102-000000\n"
    assert best.err == (
        "val_loss 0.2500, the best of 1\npassed over: runs/mnist/20260101-000000 (no val_loss)\n"
    )


def test_json(bigmodel, three):
    assert bigmodel("runs", "best", "mnist", "--json").json == {
        "run": "runs/mnist/20260102-000000",
        "metric": "val_accuracy",
        "value": 0.9,
        "mode": "max",
        "among": 3,
        "passed_over": [{"run": "runs/mnist/20260104-000000", "reason": "interrupted"}],
    }


@pytest.mark.parametrize(
    ("name", "better", "best"),
    [
        ("f1_time_mae", {"f1_time_mae": "min"}, 1),
        ("loss_of_precision", {"loss_of_precision": "max"}, 2),
        # Runs of early versions do not say which it is; the last word that is known does.
        ("vaccine_loss", None, 1),
        ("terror_accuracy", None, 2),
    ],
)
def test_which_value_is_better_does_not_follow_from_a_part_of_the_name(
    bigmodel, make_run, name, better, best
):
    for number in (1, 2):
        record = {} if better is None else {"better": better}
        metrics = {"loss": 0.25, "accuracy": 0.9, name: number}
        make_run(f"mnist/2026010{number}-000000", test=metrics, **record)
    found = bigmodel("runs", "best", "mnist", "--metric", f"test_{name}")
    assert found.out == f"runs/mnist/2026010{best}-000000\n"


def test_results_on_different_examples_are_no_contest(bigmodel, make_run):
    make_run()
    make_run(
        "mnist/20260102-000000",
        data={"splits": {"test": {"examples": 9, "origin": "its own", "sha256": "cd" * 32}}},
    )
    says = "note: the test split is not the same in all runs: their numbers are of different examples\n"
    assert says in bigmodel("runs", "best", "--metric", "test_accuracy").err
    # Of validation both have the same examples.
    assert "note" not in bigmodel("runs", "best").err
    validation = {"validation": {"examples": 9, "origin": "cut", "sha256": "ef" * 32}}
    make_run("mnist/20260103-000000", data={"splits": validation})
    assert says.replace("test", "validation") in bigmodel("runs", "best").err


def test_choosing_by_the_test_split_unasked_is_said(bigmodel, three):
    says = "note: macro.f1 is of the test split: of the best of many runs it tells too much; choose by"
    assert says in bigmodel("runs", "best", "mnist", "--metric", "macro.f1").err
    for metric in ("test_accuracy", "val_loss", "seconds", "accuracy"):
        assert "too much" not in bigmodel("runs", "best", "mnist", "--metric", metric).err


def test_runs_without_validation_are_chosen_by_the_test_split_which_is_said(bigmodel, make_run):
    make_run("mnist/20260101-000000", accuracy=0.9, rows=[])
    assert bigmodel("runs", "best").err == "test_accuracy 0.9000, the best of 1\n"
    make_run("mnist/20260102-000000", accuracy=0.8, rows=[])
    best = bigmodel("runs", "best")
    assert best.out == "runs/mnist/20260101-000000\n"
    assert "note: test_accuracy is of the test split" in best.err


def test_a_folder_that_was_renamed_forges_no_line(bigmodel, make_run):
    make_run("a\nb\x1b[2J/1", "failed")
    make_run("c\x1b[2J/1")
    best = bigmodel("runs", "best")
    # A script gets the name to the letter.
    assert best.out == "runs/c\x1b[2J/1\n"
    assert best.err == ("val_accuracy 0.8750, the best of 1\npassed over: runs/a\\x0ab\\x1b[2J/1 (failed)\n")


def test_a_damaged_evaluation_leaves_what_the_record_has(bigmodel, make_run):
    run = make_run()
    run.evaluation("test").write_text("{")
    found = bigmodel("runs", "best", "--metric", "test_accuracy")
    assert found.err == "test_accuracy 0.9000, the best of 1\n"
    assert bigmodel("runs", "best", "--metric", "macro.f1").code == 2


def test_no_such_metric_name_or_run(refuses, bigmodel, three, make_run):
    wrong = bigmodel("runs", "best", "--metric", "test_acuracy")
    assert wrong.code == 2
    assert "error: no complete run has a metric 'test_acuracy'\n" in wrong.err
    assert "hint: did you mean test_accuracy?\n" in wrong.err
    wrong = bigmodel("runs", "best", "--metric", "f1")
    assert "hint: did you mean macro.f1?\n" in wrong.err
    wrong = bigmodel("runs", "best", "--metric", "zzz")
    assert "hint: metrics: seconds, epochs, parameters, val_loss, val_accuracy, test_loss" in wrong.err
    wrong = bigmodel("runs", "best", "mnits")
    assert wrong.code == 2 and "error: mnits: no run has this name under runs/\n" in wrong.err
    assert "hint: names there: digits, mnist\n" in wrong.err
    wrong = bigmodel("runs", "best", "mnist", "rate-*")
    assert wrong.code == 2 and "error: rate-*: fits no run under runs/\n" in wrong.err
    make_run("tried/20260101-000000", "failed")
    wrong = bigmodel("runs", "best", "tried")
    assert wrong.code == 2 and "error: none of the runs is complete\n" in wrong.err
    refuses(2, "runs", "best", "--runs-dir", "nowhere", says=("there is no run under nowhere/",))


@pytest.mark.tf
def test_predict_takes_it(bigmodel, trained, tmp_path):
    import numpy as np

    np.save(tmp_path / "x.npy", np.zeros((6, 6, 1), np.uint8))
    best = bigmodel("runs", "best", "tiny", "--runs-dir", trained)
    assert bigmodel("predict", tmp_path / "x.npy", "--run", best.out.strip(), "--json").code == 0
