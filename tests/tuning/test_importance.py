"""Which searched keys have decided how trials did."""

from __future__ import annotations

import importlib.util
import os
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from bigmodel_cli.config.reader import read_text
from bigmodel_cli.config.space import Choice, Dimension, Point, Space, Value
from bigmodel_cli.config.space_reader import read_space
from bigmodel_cli.tuning import importance as measured
from bigmodel_cli.tuning.importance import how_found, importance
from bigmodel_cli.tuning.journal import COMPLETED, FAILED, STOPPED, Journal, Metric

HAS_OPTUNA = importlib.util.find_spec("optuna") is not None
SPACE = """\
rate: {log: [1e-4, 1e-1]}
units: {integer: [4, 64]}
layer: {choice: [null, {Dropout: {rate: {uniform: [0, 0.5]}}}]}
same: {choice: [1, 2]}
"""


BY_OPTUNA = [pytest.mark.skipif(not HAS_OPTUNA, reason="no optuna"), pytest.mark.slow]


@pytest.fixture(params=["own", pytest.param("optuna", marks=BY_OPTUNA)])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(measured, "has_optuna", lambda: request.param == "optuna")
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    return str(request.param)


@cache
def space() -> Space:
    found, problems = read_space(read_text(SPACE, origin="space.yaml", folder=Path()))
    assert not problems
    return found


def journal_of(path: Path, trials: int, score: Callable[[Point], float]) -> Journal:
    drawn, journal = random.Random(4), Journal(path / "journal.jsonl")
    journal.compare_by(Metric("val_accuracy", is_max=True))

    def pick(dimension: Dimension) -> Value:
        of = dimension.of
        if dimension.name == "same":
            return 0
        return drawn.randrange(len(of.options)) if isinstance(of, Choice) else of.at(drawn.random())

    for number in range(1, trials + 1):
        point = space().draw(pick)
        journal.begin(number, point, ())
        if number % 10 == 0:
            journal.end(number, FAILED, elapsed=1.0, reason="memory ran out")
            continue
        value = score(point)
        journal.epoch(number, 1, value)
        status = STOPPED if value < 0.3 else COMPLETED
        journal.end(number, status, elapsed=1.0, score=value, epoch=1)
    return journal


def test_what_decides_has_the_largest_share(way: str, tmp_path: Path) -> None:
    journal = journal_of(tmp_path, 66, lambda point: 0.9 - point["units"] / 80 + point["rate"] / 100)
    found = importance(space(), journal)
    assert found[0][0] == "units"
    shares = dict(found)
    assert len(shares) == 5 and sum(shares.values()) == pytest.approx(1)
    assert shares["units"] > 0.6
    assert shares["same"] == 0
    assert [share for _, share in found] == sorted(shares.values(), reverse=True)
    by = {"own": "variance of ranks explained by each key alone", "optuna": "PED-ANOVA"}[way]
    assert how_found(journal) == f"importance over 60 trials ({by})"


def test_a_key_inside_of_an_option_counts_where_it_is_chosen(way: str, tmp_path: Path) -> None:
    inner = next(one.name for one in space().all() if one.name not in ("rate", "units", "layer", "same"))
    journal = journal_of(tmp_path, 100, lambda point: 0.5 + point.get(inner, 0.25) * 0.8)
    shares = dict(importance(space(), journal))
    assert max(shares, key=lambda name: shares[name]) == inner, shares


def test_few_trials_are_said(way: str, tmp_path: Path) -> None:
    journal = journal_of(tmp_path, 9, lambda point: point["rate"])
    assert importance(space(), journal) == []
    assert how_found(journal) == "which keys decide cannot be told from 9 trials; 10 are needed"
    (tmp_path / "more").mkdir()
    more = journal_of(tmp_path / "more", 20, lambda point: point["rate"])
    assert "importance over 18 trials (" in how_found(more)
    assert how_found(more).endswith("; so few trials tell it roughly)")


def test_where_nothing_decides_no_key_has_all(way: str, tmp_path: Path) -> None:
    noise = random.Random(9)
    journal = journal_of(tmp_path, 100, lambda point: 0.5 + noise.random() / 10)
    shares = [share for _, share in importance(space(), journal)]
    assert sum(shares) == pytest.approx(1) or not any(shares)


def test_without_optuna_noise_explains_nothing() -> None:
    noise, found = random.Random(1), []
    for _ in range(200):
        ranks = noise.sample(range(40), 40)
        found.append(measured._epsilon_squared([ranks[n : n + 10] for n in range(0, 40, 10)]))
    assert sum(found) / len(found) < 0.05
    assert measured._epsilon_squared([list(range(10)), list(range(10, 20))]) > 0.7
