"""`bigmodel baseline`: of a config and of a run, in words and as JSON, and in the run's report."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_config(bigmodel, tiny):
    outcome = bigmodel("baseline", tiny, "--plain")
    assert outcome.code == 0
    lines = [line.split() for line in outcome.out.splitlines() if line.strip()]
    heads = [line[:3] for line in lines if "examples)" in line]
    assert heads == [["validation", "(12", "examples)"], ["test", "(12", "examples)"]]
    rows = [line for line in lines if line[-1:] == ["s"]]
    assert [" ".join(row[:-7]) for row in rows] == [
        "most frequent class",
        "logistic regression",
        "hist gradient boosting",
    ] * 2
    assert {row[-3] for row in rows} == {"96"}
    assert outcome.err.splitlines()[-1] == f"  bigmodel train {tiny} --baseline"
    assert "fitting logistic_regression to 96 examples" in outcome.err


@pytest.mark.slow
def test_json_is_what_the_table_says(bigmodel, tiny):
    outcome = bigmodel("baseline", tiny, "data.test=0", "seed=3", "--json", "--plain")
    document = outcome.json
    assert outcome.code == 0
    assert document["config"] == tiny and document["seed"] == 3
    assert document["splits"] == {"validation": {"examples": 12}}
    assert document["notes"] == []
    for model in document["models"]:
        assert set(model) == {"name", "target", "shown", "trained_on", "seconds", "validation"}
        assert set(model["validation"]) == {"metrics", "scores", "intervals"}
    again = bigmodel("baseline", tiny, "data.test=0", "seed=3", "--json", "--plain").json
    assert [m["validation"] for m in again["models"]] == [m["validation"] for m in document["models"]]


@pytest.mark.slow
def test_without_held_out_examples_the_training_split_is_scored_which_is_said(bigmodel, tiny):
    outcome = bigmodel("baseline", tiny, "data.test=0", "data.validation=0", "--json", "--plain")
    assert outcome.code == 0
    assert outcome.json["splits"] == {"train": {"examples": 120}}
    said = "no examples are held out, so scores are those of the training split"
    assert outcome.json["notes"] == [said]
    assert said in outcome.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["missing.yaml"], "missing.yaml: no such file"),
        (["nothing"], "nothing: no such run"),
        (["nothing", "seed=1"], "KEY=VALUE and --strict are for a CONFIG"),
        (["tiny.yaml", "sed=1"], "sed"),
    ],
)
def test_what_is_not_there_is_refused(bigmodel, tiny, words, says):
    outcome = bigmodel("baseline", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained, "runs")
    (folder,) = Path("runs/tiny").iterdir()
    return folder


@pytest.mark.tf
@pytest.mark.plots
def test_a_run_keeps_it_and_its_report_shows_it(bigmodel, run):
    assert 'id="baselines"' not in (run / "report.html").read_text()
    outcome = bigmodel("baseline", "tiny", "--runs-dir", "runs")
    assert outcome.code == 0
    kept = json.loads((run / "baselines.json").read_text())
    own = json.loads((run / "evaluation/test.json").read_text())
    (row,) = [line.split() for line in outcome.out.splitlines() if line.strip().startswith("this run")]
    assert row[2] == f"{own['metrics']['accuracy']:.4f}"
    page = (run / "report.html").read_text()
    _, section = page.split('<section id="baselines">')
    section = section.split("</section>")[0]
    assert '<a href="#baselines">' in page
    for name in ("this run", "most frequent class", "logistic regression", "hist gradient boosting"):
        assert f'<th scope="row">{name}</th>' in section
    best = max(kept["models"], key=lambda model: model["test"]["metrics"]["accuracy"])
    reached, ours = best["test"]["metrics"]["accuracy"], own["metrics"]["accuracy"]
    words = "better than" if ours > reached else "as good as" if ours == reached else "worse than"
    called = best["name"].replace("_", " ")
    assert (
        f"This run is {words} the best of them, {called}: accuracy {ours:.2%}, and {reached:.2%}" in section
    )
    assert bigmodel("runs", "verify", run).code == 0
    assert f"written: {run}/baselines.json, and its report" in outcome.err
    # Once more, over what is there.
    assert bigmodel("baseline", run, "--json").json["run"] == str(run)
    # A report that is made anew has it too.
    assert bigmodel("report", run).code == 0
    assert 'id="baselines"' in (run / "report.html").read_text()


@pytest.mark.tf
def test_changed_data_are_refused(bigmodel, run):
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("num_examples: 120", "num_examples: 240"))
    assert bigmodel("runs", "verify", run, "--accept").code == 0
    outcome = bigmodel("baseline", run)
    assert outcome.code == 3
    assert "the data has changed since the model was trained" in outcome.err
    assert not (run / "baselines.json").exists()


@pytest.mark.tf
def test_train_with_baselines(bigmodel, tiny):
    outcome = bigmodel("train", tiny, "training.epochs=1", "--baseline", "--json", "--runs-dir", "runs")
    assert outcome.code == 0
    names = [model["name"] for model in outcome.json["baselines"]]
    assert names == ["most_frequent_class", "logistic_regression", "hist_gradient_boosting"]
    run = Path(outcome.json["run"])
    assert json.loads((run / "baselines.json").read_text())["models"] == outcome.json["baselines"]
    assert 'id="baselines"' in (run / "report.html").read_text()


@pytest.mark.slow
def test_it_needs_no_tensorflow(tiny):
    """scikit-learn alone: the whole takes a second or two."""
    import subprocess

    code = (
        "import sys; from bigmodel_cli.cli.main import run; "
        f"assert run(['baseline', {tiny!r}]) == 0; assert not {{'tensorflow', 'keras'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.slow
def test_an_interruption_ends_it_at_once(changed):
    config = changed(
        "[6, 6, 1], num_classes: 3, num_examples: 120", "[8, 8, 1], num_classes: 10, num_examples: 30000"
    )
    code = "import sys; from bigmodel_cli.cli.main import main; main(sys.argv[1:])"
    words = [sys.executable, "-c", code, "baseline", config, "--plain"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert any("fitting hist_gradient_boosting" in line for line in process.stderr)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        # A tree for each of ten classes is not interrupted.
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err.strip()) == (130, "", "error: interrupted")
