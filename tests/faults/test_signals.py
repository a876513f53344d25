"""SIGTERM and SIGINT at random moments, in every phase: the right exit code, soon, and nothing is lost."""

from __future__ import annotations

import signal

import pytest

pytestmark = [pytest.mark.tf, pytest.mark.slow]

SECONDS = 10


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_at_random_moments(begin, reference, chance, how_many, number, code):
    left = how_many(short=1, long=6)
    while left:
        survivor, ended = begin(reference), None
        while ended is None or ended.code:
            moment = chance.uniform(0, 1.1 * reference.seconds)
            ended = survivor.go_on(signals=[(moment, number)] if left else [])
            if ended.code == 0:
                continue
            left -= 1
            assert ended.seconds - moment < SECONDS
            # Before our program has begun to listen the system ends it.
            assert ended.code in (code, -number) and (ended.code == code or ended.seconds < 1), ended.output
            assert ended.code != code or ended.output.count("error: interrupted") == 1
            if survivor.has_begun:
                assert survivor.record["status"] in ("interrupted", "running")
        assert survivor.result == reference.result, ended.output


def test_a_second_signal_stops_at_once(begin, reference, chance, how_many):
    for _ in range(how_many(short=1, long=5)):
        ended, moment = None, 0.0
        # On a busy machine the run may be over before the signals come.
        while ended is None or (ended.code == 0 and ended.seconds < moment):
            survivor = begin(reference)
            moment = chance.uniform(0.3, 0.7) * reference.seconds
            ended = survivor.go_on(signals=[(moment, signal.SIGINT), (moment + 0.02, signal.SIGINT)])
        assert ended.code == 130, ended.output
        assert ended.seconds - moment < SECONDS
        ended = survivor.go_on()
        assert (ended.code, survivor.result) == (0, reference.result), ended.output


def test_evaluate_ends_too(warm, reference, chance, how_many):
    for _ in range(how_many(short=1, long=4)):
        moment = chance.uniform(0.1, 0.4)
        signals = [(moment, signal.SIGTERM)]
        ended = warm.run("evaluate", reference.run, folder=reference.run, signals=signals)
        # Before our program has begun to listen the system ends it.
        assert ended.code in (143, 0) or (ended.code == -signal.SIGTERM and ended.seconds < 1), ended.output
        assert ended.seconds < SECONDS and "Traceback" not in ended.output
