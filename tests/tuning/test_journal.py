"""The journal: what is read back is what was written, whenever the process was killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.tuning.journal import COMPLETED, FAILED, Journal, Metric


def _filled(path: Path) -> Journal:
    journal = Journal(path)
    journal.compare_by(Metric("val_accuracy", is_max=True))
    for number, scores in enumerate([(0.5, 0.7), (0.4, 0.9), (0.6, 0.7)], 1):
        journal.begin(number, {"data.batch_size": number}, (f"data.batch_size={number}",))
        for epoch, score in enumerate(scores, 1):
            journal.epoch(number, epoch, score)
        journal.end(number, COMPLETED, elapsed=1.5 * number, score=max(scores), epoch=2, seconds=1.5)
    journal.begin(4, {"data.batch_size": 4}, ("data.batch_size=4",))
    return journal


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = _filled(tmp_path / "journal.jsonl")
    read = Journal(tmp_path / "journal.jsonl")
    assert read.trials == written.trials
    assert read.metric == written.metric
    assert read.seconds == 4.5
    assert [trial.number for trial in read.ranked] == [2, 1, 3]
    assert not read.trials[4].has_ended


@pytest.mark.slow
def test_any_cut_leaves_a_whole_beginning(tmp_path: Path) -> None:
    _filled(tmp_path / "whole")
    text = (tmp_path / "whole").read_bytes()
    path = tmp_path / "cut"
    for end in range(len(text)):
        path.write_bytes(text[:end])
        trials = len(Journal(path).trials)
        assert trials == text[:end].count(b'"begin"') - (b'"begin"' in text[:end].rpartition(b"\n")[2])
        # What is written next begins a line of its own.
        assert path.read_bytes() in (b"", text[: text[:end].rfind(b"\n") + 1])


def test_damage_is_said_with_its_line(tmp_path: Path) -> None:
    _filled(tmp_path / "journal.jsonl")
    lines = (tmp_path / "journal.jsonl").read_text().splitlines(keepends=True)
    lines[2] = '{"event": "epoch", "tri\n'
    (tmp_path / "journal.jsonl").write_text("".join(lines))
    with pytest.raises(DataError, match=r"journal\.jsonl:3: damaged"):
        Journal(tmp_path / "journal.jsonl")


def test_an_epoch_that_is_trained_again_counts_once(tmp_path: Path) -> None:
    journal = _filled(tmp_path / "journal.jsonl")
    size = (tmp_path / "journal.jsonl").stat().st_size
    journal.epoch(1, 2, 0.7)
    assert (tmp_path / "journal.jsonl").stat().st_size == size


def test_failed_trials_have_no_rank(tmp_path: Path) -> None:
    journal = _filled(tmp_path / "journal.jsonl")
    journal.end(4, FAILED, elapsed=9.0, reason="memory ran out")
    assert [trial.number for trial in journal.ranked] == [2, 1, 3]
