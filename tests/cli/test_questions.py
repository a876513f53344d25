"""What one may ask of a config: --why, --diff, --model, --plan, and annotations for GitHub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Bigmodel = Callable[..., Any]


@pytest.fixture
def here(tiny: str) -> Path:
    """The current folder, which has the tiny config."""
    return Path.cwd()


def test_why_names_value_doc_and_places(bigmodel: Bigmodel, here: Path) -> None:
    done = bigmodel("show", "tiny.yaml", "training.epochs=3", "--why", "training.epochs")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    told = "Times that the training split is seen; beside `time` at most so many, and as many as "
    told += "fit where it is left out."
    assert (done.code, lines[:2]) == (0, ["training.epochs = 3", told])
    assert "3 command line: training.epochs=3" in lines
    assert any(line.startswith("over 2 tiny.yaml:") for line in lines)
    assert "over 10 default" in lines


def test_why_of_a_key_that_is_not_there(bigmodel: Bigmodel, here: Path) -> None:
    done = bigmodel("show", "tiny.yaml", "--why", "training.epoch")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: training.epoch: the config has no 'epoch' there\nhint: did you mean epochs?\n"
    )


def test_why_as_json(bigmodel: Bigmodel, here: Path) -> None:
    done = bigmodel("show", "tiny.yaml", "--why", "data.batch_size", "--json")
    assert (done.code, done.json["value"], done.json["origins"][0]["file"]) == (0, 16, "tiny.yaml")


def test_diff_is_key_by_key(bigmodel: Bigmodel, here: Path) -> None:
    (here / "other.yaml").write_text("extends: tiny.yaml\nname: tiny\nseed: 5\n")
    done = bigmodel("show", "tiny.yaml", "--diff", "other.yaml", "--json")
    assert (done.code, done.json) == (0, [{"key": "seed", "value": 0, "other": 5}])
    assert bigmodel("show", "tiny.yaml", "--diff", "tiny.yaml").out == "the configs mean the same\n"


@pytest.mark.tf
def test_model_has_the_line_of_each_layer(bigmodel: Bigmodel, here: Path) -> None:
    done = bigmodel("show", "tiny.yaml", "--model", "--json")
    rows = {row["kind"]: row for row in done.json["layers"] if row["kind"] != "Dense"}
    text = (here / "tiny.yaml").read_text().splitlines()
    for kind in ("Rescaling", "Flatten"):
        line = int(rows[kind]["place"].removeprefix("tiny.yaml:"))
        assert kind in text[line - 1]
    shown = bigmodel("show", "tiny.yaml", "--model")
    assert "written in" in shown.out
    assert "splits" not in shown.out


@pytest.mark.tf
def test_plan_counts_the_work(bigmodel: Bigmodel, here: Path) -> None:
    done = bigmodel("show", "tiny.yaml", "--plan", "--json")
    plan = done.json
    assert plan["splits"] == {"train": 96, "validation": 12, "test": 12}
    assert (plan["steps_per_epoch"], plan["steps"]) == (6, 12)
    assert plan["parameters"] == 36 * 16 + 16 + 16 * 3 + 3
    # Weights as float32, Adam's two averages of each, the iterations and the learning rate.
    assert plan["checkpoint_bytes"] == pytest.approx(3 * 4 * plan["parameters"], abs=64)
    # The outputs of input, rescaling, flatten and the dense layers with their gradients, for 16 examples.
    activations = plan["memory_bytes"] - plan["weight_bytes"]
    assert 2 * 4 * 16 * (36 + 16 + 3) < activations < 2 * 4 * 16 * 5 * 36
    assert bigmodel("show", "tiny.yaml", "--plan").out.startswith("parameters   643\n")


def test_github_annotations(bigmodel: Bigmodel, here: Path) -> None:
    text = (here / "tiny.yaml").read_text().replace("epochs: 2", "epohcs: 2")
    (here / "wrong, a:b.yaml").write_text(text)
    line = text.splitlines().index("  epohcs: 2") + 1
    done = bigmodel("check", "wrong, a:b.yaml", "--github")
    assert done.code == 2
    assert done.out == (
        f"::error file=wrong%2C a%3Ab.yaml,line={line},col=3::"
        "training.epohcs: training has no key 'epohcs' (did you mean epochs?)\n"
    )


def test_github_annotates_warnings_and_the_command_line_has_no_file(bigmodel: Bigmodel, here: Path) -> None:
    done = bigmodel("check", "tiny.yaml", "training.checkpoint.mode=max", "--github")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "::warning::training.checkpoint.mode: mode has no effect: it belongs to a monitor that is named "
        "(add monitor: …)\n"
    )


def test_strict_makes_a_warning_an_error(bigmodel: Bigmodel, here: Path) -> None:
    words = ("check", "tiny.yaml", "training.checkpoint.mode=max")
    lax, strict = bigmodel(*words), bigmodel(*words, "--strict")
    assert (lax.code, strict.code) == (0, 2)
    assert lax.err.startswith("warning: command line: training.checkpoint.mode=max")
    assert strict.err.startswith("error: command line: training.checkpoint.mode=max")
    assert strict.out == ""
