"""SIGKILL at any moment, then `train --resume`, until done: nothing is lost, and nothing is otherwise.

Compared are the bytes of weights, optimizer and random state, every number of metrics.csv but times, and the
evaluation.
"""

from __future__ import annotations

import signal

import pytest

pytestmark = [pytest.mark.tf, pytest.mark.slow]
KILLED = -signal.SIGKILL


def test_killed_at_random_moments(begin, reference, chance, how_many):
    left = how_many(short=2, long=20)
    while left:
        survivor, killed, ended = begin(reference), 0, None
        while ended is None or (ended.code == KILLED and not survivor.is_complete):
            moment = (chance.uniform(0, 1.2 * reference.seconds), signal.SIGKILL)
            ended = survivor.go_on(signals=[moment] if left else [])
            if ended.code == KILLED:
                left, killed = left - 1, killed + 1
        assert ended.code == 0 or survivor.is_complete, ended.output
        assert survivor.result == reference.result, ended.output
        assert not list(survivor.run.rglob(".tmp-*"))
        statuses = [session["status"] for session in survivor.record["sessions"]]
        assert statuses == ["crashed"] * (len(statuses) - 1) + ["completed"]
        assert len(statuses) <= killed + 1


def test_killed_before_a_change_of_the_disk(begin, reference, chance, how_many):
    """Each fsync, rename, removal and new folder in turn is what the process does not live to do."""
    operations = chance.sample(range(1, reference.operations), how_many(short=2, long=20))
    for operation in operations:
        survivor = begin(reference)
        ended = survivor.go_on(die_at_operation=operation)
        assert ended.code == KILLED, ended.output
        if not survivor.is_complete:
            ended = survivor.go_on()
            assert ended.code == 0, (operation, ended.output)
        assert survivor.result == reference.result, operation


def test_killed_while_a_clock_decides_how_long_is_trained(begin, reference, chance, how_many):
    """How many epochs fit no run can say of another; but what it trains is what these epochs are."""
    seconds = max(6, round(2 * reference.seconds))
    limited = f"epochs: 500\n  time: {seconds} seconds\n"
    left = how_many(short=1, long=4)
    while left:
        survivor, ended = begin(reference), None
        config = survivor.folder / "survivor.yaml"
        text = reference.config.replace("epochs: 8\n", limited)
        config.write_text(text)
        while ended is None or (ended.code == KILLED and not survivor.is_complete):
            moment = (chance.uniform(0, seconds), signal.SIGKILL)
            ended = survivor.go_on(signals=[moment] if left else [])
            left -= left > 0 and ended.code == KILLED
        assert ended.code == 0 or survivor.is_complete, ended.output
        stopped = survivor.record["stopped"]
        if "steps of it" in ((stopped or {}).get("why") or ""):
            pytest.skip("this machine is so busy that not one epoch fits")
        epochs = survivor.record["epochs"]
        if "CosineDecay" in reference.config:
            # Until epochs are measured a schedule follows a guess of their number, as no other run does.
            assert len(survivor.result.metrics) == 1 + epochs
            continue
        whole = begin(reference)
        (whole.folder / "survivor.yaml").write_text(text.replace(limited, f"epochs: {epochs}\n"))
        assert whole.go_on().code == 0
        assert survivor.result == whole.result, (epochs, stopped)


def test_killed_while_it_is_compressed(begin, reference, chance, how_many):
    """At a step in the middle, where masks change and what they were made from is gone."""
    for _ in range(how_many(short=1, long=10)):
        killed_in_the_middle(begin(reference), reference, chance)


def test_killed_with_code_of_ones_own(begin, reference, chance, how_many):
    """A layer, a loss, a metric, a schedule, and a callback that ends training by what it has counted."""
    for _ in range(how_many(short=1, long=10)):
        survivor = begin(reference)
        killed_in_the_middle(survivor, reference, chance)
        assert survivor.record["stopped"]["callback"] == "StopWhenFlat"


def test_killed_while_texts_are_learnt(begin, reference, chance, how_many):
    """Random numbers of dropout, in attention and in a recurrent layer, go on where they were; so do the
    order of batches by length, windows that are drawn, tokenizers, and words that are forgotten.
    """
    for _ in range(how_many(short=1, long=10)):
        killed_in_the_middle(begin(reference), reference, chance)


def test_killed_while_items_are_learnt(begin, reference, chance, how_many):
    for _ in range(how_many(short=1, long=10)):
        killed_in_the_middle(begin(reference), reference, chance)


def killed_in_the_middle(survivor, reference, chance):
    """Killed once, it goes on to what the uninterrupted run came to."""
    moment = (chance.uniform(0.3, 0.8) * reference.seconds, signal.SIGKILL)
    ended = survivor.go_on(signals=[moment])
    if not survivor.is_complete:
        assert ended.code == KILLED, ended.output
        ended = survivor.go_on()
        assert ended.code == 0, ended.output
    assert survivor.result == reference.result, ended.output
