"""Who listens to training, and train.log."""

from __future__ import annotations

from pathlib import Path

from bigmodel_cli.listener import Silent
from bigmodel_cli.training.log import LoggedListener


class _Told(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


class _Gone(Silent):
    calls = 0

    def say(self, message: str) -> None:
        self.calls += 1
        raise BrokenPipeError(32, "Broken pipe")


def test_one_listener_that_is_gone_does_not_silence_the_others(tmp_path: Path) -> None:
    before, gone, after = _Told(), _Gone(), _Told()
    logged = LoggedListener([before, gone, after])
    logged.say("one")
    logged.open(tmp_path / "train.log")
    logged.say("two")
    assert before.said == after.said == ["one", "two"]
    assert gone.calls == 1
    lines = (tmp_path / "train.log").read_text().splitlines()
    said = [line.split(" ", 2)[2] for line in lines]
    assert said == ["one", "nobody listens any more: [Errno 32] Broken pipe", "two"]


def test_nobody_need_listen(tmp_path: Path) -> None:
    logged = LoggedListener([])
    logged.open(tmp_path / "train.log")
    logged.warn("careful")
    assert (tmp_path / "train.log").read_text().endswith("warning: careful\n")
