"""`bigmodel launch`: what its command line may say. Whole launches are in tests/cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIG = Path(__file__).parents[2] / "configs/mnist.yaml"
HOW = "--hosts says where and how many: --workers and --ray do not go with it"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "expected --workers N, --hosts A,B, or --ray ADDRESS --workers N"),
        (("--ray", "local"), "--ray needs --workers N"),
        (("--hosts", "a,b", "--workers", "2"), HOW),
        (("--hosts", "a,b", "--ray", "local"), HOW),
        (("--workers", "1"), "1 is not in the range x>=2"),
        (("--worker", "2"), "No such option '--worker'. Did you mean '--workers'?"),
        (("--workers", "2", "--port", "5000"), "--port is for --hosts; elsewhere free ports are found"),
        (("--workers", "2", "--insecure-network"), "--insecure-network is for --hosts and --ray"),
        (("--hosts", "127.0.0.1"), "--hosts: one process needs no launch; expected two or more"),
    ],
)
def test_where_processes_start_is_said_once(refuses, words, says):
    refuses(2, "launch", *words, "--", "train", CONFIG, says=(says,))


def test_only_training_can_be_launched(refuses):
    refuses(2, "launch", "--workers", "2", "--", "evaluate", says=("launch is for train, found 'evaluate'",))


def test_what_each_process_would_refuse_is_said_once(refuses, tmp_path):
    (tmp_path / "x.yaml").write_text("model: [Dense]\n")
    launch = ("launch", "--workers", "2", "--", "train")
    # The message is the first line, and there is none of a worker.
    for words, says in (
        ((tmp_path / "nowhere.yaml",), "nowhere.yaml"),
        ((tmp_path / "x.yaml",), "x.yaml"),
        ((tmp_path / "x.yaml", "--epoch", "3"), "No such option '--epoch'"),
    ):
        outcome = refuses(2, *launch, *words, says=(says,))
        assert "[worker 1]" not in outcome.err and "authentication" not in outcome.err


def test_the_help_of_training_starts_nothing(bigmodel):
    outcome = bigmodel("launch", "--workers", "2", "--", "train", "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("Usage: bigmodel train ")


def test_options_behind_the_first_word_are_those_of_training(refuses):
    # `--port` of launch would be refused with other words.
    refuses(2, "launch", "--workers", "2", "evaluate", "--port", "1", says=("launch is for train",))
