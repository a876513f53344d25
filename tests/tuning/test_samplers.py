"""Samplers: what they draw follows from the seed, the number of the trial and the journal."""

from __future__ import annotations

import importlib.util
import math
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from bigmodel_cli.config.reader import read_text
from bigmodel_cli.config.space import Point, Space
from bigmodel_cli.config.space_reader import read_space
from bigmodel_cli.errors import UsageError
from bigmodel_cli.tuning import studies
from bigmodel_cli.tuning.journal import COMPLETED, FAILED, STOPPED, Journal, Metric
from bigmodel_cli.tuning.samplers import Sampler, said_of, sampler_of, settled

pytestmark = pytest.mark.slow


needs_optuna = pytest.mark.skipif(
    importlib.util.find_spec("optuna") is None, reason="needs optuna: pip install 'bigmodel-cli[tune]'"
)
SPACE = """\
optimizer.Adam.learning_rate: {log: [1e-4, 1e-1]}
data.batch_size: {choice: [16, 32, 64]}
model.0.Dense.units: {integer: [4, 64], log: true}
model.1: {choice: [null, {Dropout: {rate: {uniform: [0, 0.5], step: 0.1}}}]}
"""
GRID = """\
optimizer.Adam.learning_rate: {log: [1e-3, 1e-1], points: 2}
model.1: {choice: [null, {Dropout: {rate: {uniform: [0, 0.5], step: 0.25}}}]}
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here has to outlive a power cut."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def space_of(text: str) -> Space:
    space, problems = read_space(read_text(text, origin="space.yaml", folder=Path()))
    assert not problems
    return space


def loss(point: Point) -> float:
    """Best at a rate of 3e-3, with dropout, whatever else."""
    rate = point["optimizer.Adam.learning_rate"]
    return 1 + math.log10(rate / 3e-3) ** 2 + (0.5 if point["model.1"] == 0 else 0.0)


def searched(sampler: Sampler, journal: Journal, trials: int, of: Callable[[Point], float] = loss) -> Journal:
    """Make a journal of so many trials: every fourth ended early, every seventh failed."""
    if journal.metric is None:
        journal.compare_by(Metric("val_loss", is_max=False))
    for number in range(len(journal.trials) + 1, trials + 1):
        point = sampler.draw(number, journal)
        assert point is not None
        journal.begin(number, point, ())
        if number % 7 == 0:
            journal.end(number, FAILED, elapsed=1.0, reason="diverged")
            continue
        score = of(point)
        status, epochs = (STOPPED, 1) if number % 4 == 0 else (COMPLETED, 3)
        for epoch in range(1, epochs + 1):
            journal.epoch(number, epoch, score)
        journal.end(number, status, elapsed=1.0, score=score, epoch=epochs, seconds=1.0)
    return journal


def test_a_grid_has_every_combination_once_in_a_fixed_order(tmp_path: Path) -> None:
    sampler, journal = sampler_of("grid", space_of(GRID), 0), Journal(tmp_path / "journal.jsonl")
    rate, rates = "optimizer.Adam.learning_rate", (0.001, 0.1)
    inner = next(one.name for one in space_of(GRID).all() if "rate" in one.name and one.name != rate)
    expected: list[Point] = []
    for value in rates:
        expected.append({rate: value, "model.1": 0})
        expected += [{rate: value, "model.1": 1, inner: dropout} for dropout in (0, 0.25, 0.5)]
    drawn = [sampler.draw(number, journal) for number in range(1, 9)]
    assert drawn == expected
    assert sampler.draw(9, journal) is None
    # In any order, since another process may go on with it.
    assert sampler.draw(3, journal) == expected[2]


@needs_optuna
def test_tpe_draws_the_same_after_a_kill_anywhere(tmp_path: Path) -> None:
    space = space_of(SPACE)
    whole = searched(sampler_of("tpe", space, 3), Journal(tmp_path / "whole.jsonl"), 24)
    lines = (tmp_path / "whole.jsonl").read_text().splitlines(keepends=True)
    for number in (2, 11, 14, 19, 24):
        begun = next(n for n, line in enumerate(lines) if '"begin"' in line and f'"trial": {number},' in line)
        path = tmp_path / f"{number}.jsonl"
        path.write_text("".join(lines[:begun]))
        again = searched(sampler_of("tpe", space, 3), Journal(path), 24)
        assert again.trials == whole.trials, number
        assert path.read_text() == "".join(lines)


@needs_optuna
def test_tpe_keeps_within_the_space_and_finds_what_is_good(tmp_path: Path) -> None:
    space = space_of(SPACE)
    found = {}
    for name in ("random", "tpe"):
        late = []
        for seed in range(3):
            sampler = sampler_of(name, space, seed)
            journal = searched(sampler, Journal(tmp_path / f"{name}{seed}.jsonl"), 40)
            points = [trial.point for trial in journal.trials.values()]
            for point in points:
                assert 1e-4 <= point["optimizer.Adam.learning_rate"] <= 1e-1
                assert point["data.batch_size"] in (0, 1, 2)
                assert isinstance(point["model.0.Dense.units"], int)
                inner = [value for key, value in point.items() if "Dropout" in key]
                assert len(inner) == point["model.1"]
                assert all(value in (0, 0.1, 0.2, 0.3, 0.4, 0.5) for value in inner)
            late += [loss(point) for point in points[20:]]
        found[name] = sum(late) / len(late)
    assert found["tpe"] < 1.4 < 1.7 < found["random"], found


@needs_optuna
def test_tpe_draws_apart_from_trials_that_run(tmp_path: Path) -> None:
    space = space_of("rate: {uniform: [0, 1]}")
    journal = searched(sampler_of("tpe", space, 0), Journal(tmp_path / "j.jsonl"), 15, lambda p: p["rate"])
    drawn = []
    for number in range(16, 24):
        point = sampler_of("tpe", space, 0).draw(number, journal)
        assert point is not None
        journal.begin(number, point, ())
        drawn.append(point["rate"])
    assert len(set(drawn)) == 8
    assert sorted(drawn)[4] < 0.3


@needs_optuna
def test_tpe_shuns_what_fails(tmp_path: Path) -> None:
    space = space_of("unit: {uniform: [0, 1]}")
    journal = Journal(tmp_path / "j.jsonl")
    journal.compare_by(Metric("val_accuracy", is_max=True))
    sampler, failed = sampler_of("tpe", space, 1), []
    for number in range(1, 41):
        point = sampler.draw(number, journal)
        assert point is not None
        journal.begin(number, point, ())
        if point["unit"] > 0.5:
            failed.append(number)
            journal.end(number, FAILED, elapsed=1.0, reason="out of memory")
        else:
            journal.epoch(number, 1, 0.5)
            journal.end(number, COMPLETED, elapsed=1.0, score=0.5, epoch=1)
    assert sum(number > 20 for number in failed) <= 4, failed


@needs_optuna
def test_tpe_says_nothing_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        searched(sampler_of("tpe", space_of(SPACE), 0), Journal(tmp_path / "j.jsonl"), 14)
    assert capfd.readouterr() == ("", "")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not studies.has_optuna()
    with pytest.raises(UsageError) as caught:
        sampler_of("tpe", space_of(SPACE), 0)
    assert caught.value.message == "tune.search: tpe needs the package optuna, which is not installed"
    assert caught.value.hint == "pip install 'bigmodel-cli[tune]'"
    assert settled("auto") == "random"
    hint = "pip install 'bigmodel-cli[tune]'"
    assert said_of("auto") == f"search: random; with optuna it learns from earlier trials: {hint}"
    assert said_of("random") is None
    assert settled("grid") == "grid"


def test_the_same_seed_draws_the_same_at_random(tmp_path: Path) -> None:
    journal, space = Journal(tmp_path / "j.jsonl"), space_of(SPACE)
    drawn = [sampler_of("random", space, 5).draw(number, journal) for number in range(1, 6)]
    assert drawn == [sampler_of("random", space, 5).draw(number, journal) for number in range(1, 6)]
    assert drawn != [sampler_of("random", space, 6).draw(number, journal) for number in range(1, 6)]
