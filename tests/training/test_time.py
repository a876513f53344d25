"""`training.time`: how many epochs fit is planned by a clock, written down, and repeated by a resume."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import pytest

from bigmodel_cli.config.schema import AS_MANY_AS_FIT
from bigmodel_cli.training.time_limit import Plan, TimeLimit


class Clock:
    """Seconds of a run, which pass as a test lets them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.covered: list[int] = []

    def cover(self, num_steps: int) -> None:
        self.covered.append(num_steps)

    def limit(
        self, seconds=100.0, *, step_seconds=0.9, deterministic=False, most=AS_MANY_AS_FIT, planned=None
    ):
        """A limit for epochs of 10 steps and a validation of 1, of which the end needs 10 seconds."""
        limit = TimeLimit(
            f"{seconds:g} seconds", seconds, most, lambda: self.now, lambda _, traced: 10.0 + 2 * traced,
            step_seconds, 1, deterministic, float, self.said.append, self,
        )  # fmt: skip
        limit.begin(planned, 0, 0, 10)
        return limit

    def trained(self, limit, *, epoch_seconds=10.0, validation=1.0, slower=1.0):
        """Epochs until the limit ends them; what ended training, and after how many steps of the last one."""
        per_step, epoch, iterations = slower * (epoch_seconds - validation) / 10, 0, 0
        while True:
            epoch += 1
            limit.epoch_begins(0, iterations)
            for step in range(1, 11):
                self.now += per_step
                iterations += 1
                if step < 10 and limit.steps_done(epoch, step):
                    self.now += validation
                    return limit.stopped(epoch, step), epoch, step
            self.now += validation
            stopped = limit.epoch_ended(epoch, iterations, validation)
            if stopped is not None or epoch == limit.most_epochs:
                return stopped, epoch, 10


@pytest.fixture
def clock():
    return Clock()


def test_whole_epochs_are_trained_as_many_as_fit(clock):
    stopped, epoch, step = clock.trained(clock.limit())
    assert (epoch, step, clock.now) == (9, 10, pytest.approx(90))
    assert stopped.as_json()["callback"] == "the time limit"
    assert str(stopped) == "the time limit after epoch 9 of 9: no more fits into 100 seconds"
    assert clock.said[0] == "time: about 8 epochs fit into 100 seconds"
    assert clock.said[1:] == ["time: about 9 epochs fit into 100 seconds"]
    assert clock.covered[-1] == 90


def test_epochs_end_first_where_these_fit(clock):
    stopped, epoch, _ = clock.trained(clock.limit(most=4))
    assert (stopped, epoch) == (None, 4)
    assert clock.said == ["time: all 4 epochs fit into 100 seconds"]
    assert set(clock.covered) == {40}


@pytest.mark.parametrize("slower", [0.5, 0.93, 1.07, 1.7, 3.0])
def test_training_ends_in_time_and_the_schedule_with_it(clock, slower):
    """Whatever the first step had promised."""
    _, epoch, step = clock.trained(clock.limit(), slower=slower)
    steps = 10 * (epoch - 1) + step
    per_step = 0.9 * slower
    # One more epoch's half would not have fitted; nothing is over by more than a step.
    assert clock.now <= 90 + per_step
    assert clock.now + (10 * per_step + 1) / 2 > 90 - 1
    assert abs(clock.covered[-1] - steps) <= 1


def test_a_machine_that_gets_slower_ends_in_time(clock):
    limit = clock.limit()
    for epoch in (1, 2, 3):
        limit.epoch_begins(0, 10 * (epoch - 1))
        clock.now += 10
        assert limit.epoch_ended(epoch, 10 * epoch, 1.0) is None
    # Step by step 4 times as slow, in the midst of epoch 4, of 9 that were planned.
    limit.epoch_begins(0, 30)
    for step in range(1, 10):
        clock.now += 8.0
        if limit.steps_done(4, step):
            break
    assert step == 8 and clock.now == pytest.approx(94)
    assert str(limit.stopped(4, step)).endswith("no more fits into 100 seconds, after 8 of 10 steps of it")


def test_what_tracing_a_validation_took_is_left_for_the_evaluation(clock):
    """The first validation takes 6 s, all others 1 s; two splits are evaluated, each traced once more."""
    limit = clock.limit()
    for epoch, validation in enumerate([6.0] + 7 * [1.0], 1):
        limit.epoch_begins(0, 10 * (epoch - 1))
        clock.now += 9.0 + validation
        stopped = limit.epoch_ended(epoch, 10 * epoch, validation)
        if stopped is not None:
            break
    # Of 100 s, 10 are for the end and 10 for two graphs: after 75 s of epochs no other one fits.
    assert (epoch, clock.now) == (7, 75.0)


def test_not_one_epoch_fits(clock):
    limit = clock.limit(seconds=15.0)
    assert clock.said == [
        "time: not one epoch fits into 15 seconds: one takes about 10.7 s, and 5 s are left for it; "
        "training ends inside, after about 4 of 10 steps"
    ]
    assert clock.covered == [4]
    _, epoch, step = clock.trained(limit)
    # Of 5 s, less what a validation was thought to take.
    assert (epoch, step) == (1, 6)
    assert clock.now == pytest.approx(6 * 0.9 + 1)
    assert clock.covered[-1] == 6


def test_nothing_is_left_but_a_step_is_trained(clock):
    clock.now = 95.0
    _, epoch, step = clock.trained(clock.limit())
    assert (epoch, step) == (1, 1)


def test_deterministic_the_plan_is_made_once_and_kept(clock):
    limit = clock.limit(deterministic=True)
    plans = []
    for epoch in range(1, 8):
        limit.epoch_begins(0, 10 * (epoch - 1))
        # From the third on everything takes 10 times as long.
        clock.now += 10 if epoch < 3 else 100
        for step in range(1, 10):
            assert not limit.steps_done(epoch, step)
        stopped = limit.epoch_ended(epoch, 10 * epoch, 1.0)
        plans.append((limit.plan.epochs, limit.plan.is_final, limit.plan.steps))
    # After two epochs 70 s are left, of which 95 % count: 6 more.
    assert plans[0][1] is False
    assert set(plans[1:]) == {(8, True, 80)}
    assert stopped is None
    assert limit.epoch_ended(8, 80, 1.0) is not None


def test_a_resume_goes_by_what_was_decided(clock):
    planned = json.loads(json.dumps(Plan("100 seconds", 8, 80, is_final=True).__dict__))
    clock.now = 99.0
    limit = clock.limit(deterministic=True, planned=planned, step_seconds=50.0)
    assert limit.as_json() == planned
    assert (clock.said, clock.covered) == ([], [80])
    assert not limit.steps_done(8, 9) and limit.epoch_ended(7, 70, 1.0) is None
    # With another time it is decided anew.
    other = clock.limit(seconds=1000.0, planned=planned)
    assert other.plan.time == "1000 seconds" and other.plan.epochs > 80


@pytest.mark.parametrize(("deterministic", "left"), [(True, [4, 1, 0, 0]), (False, [4, 1, None, None])])
def test_steps_that_a_plan_leaves(clock, deterministic, left):
    """What is beyond a plan that may change is the clock's to decide."""
    limit = clock.limit(seconds=15.0, deterministic=deterministic)
    assert limit.plan.last_steps == 4
    assert [limit.steps_left(1, step) for step in (0, 3, 4, 5)] == left
    assert limit.steps_left(2, 0) is None


@pytest.mark.parametrize(
    ("words", "epochs"),
    [(["training.time=1 hour", "~training.epochs"], AS_MANY_AS_FIT), (["training.time=1 hour"], 3), ([], 3)],
)
def test_epochs_beside_a_time_are_as_many_as_fit(config, words, epochs):
    assert config(*words).experiment.training.epochs == epochs


@pytest.fixture
def by_steps(monkeypatch):
    """Lets a run's time go by its steps: a second each, and what is added for a session."""
    from bigmodel_cli.training import session

    def start(extra=0.0):
        def seconds(self):
            return int(self.model.optimizer.iterations.numpy()) + extra

        monkeypatch.setattr(session.Session, "seconds", property(seconds))

    # What validation really takes on a machine that does other work would decide.
    ended = TimeLimit.epoch_ended
    monkeypatch.setattr(TimeLimit, "epoch_ended", lambda self, *where: ended(self, *where[:2], 0.0))
    monkeypatch.setattr(session, "step_seconds", lambda _: 1.0)
    monkeypatch.setattr(session, "MOST_AFTER_TRAINING", 0.0)
    start()
    return start


DECAYING = "optimizer={Adam: {learning_rate: {CosineDecay: {initial_learning_rate: 0.01}}}}"


@pytest.mark.tf
def test_a_run_ends_in_time_with_its_schedule(train, by_steps):
    run = train("training.time=103 seconds", "~training.epochs", DECAYING)
    rates = run.metrics["learning_rate"]
    epochs = len(rates)
    # Of 5 steps.
    assert epochs == 20
    assert rates[0] > 0.0095 and rates[-1] < 2e-4
    assert rates == sorted(rates, reverse=True)
    stopped = run.record["stopped"]
    assert (stopped["callback"], stopped["epoch"]) == ("the time limit", epochs)
    assert run.record["status"] == "completed" and run.record["test"]["accuracy"] > 0.3
    with zipfile.ZipFile(run.run.checkpoint("last")) as archive:
        compiled = json.loads(archive.read("config.json"))["compile_config"]
    schedule = compiled["optimizer"]["config"]["learning_rate"]
    assert (schedule["class_name"], schedule["config"]["decay_steps"]) == ("CosineDecay", 5 * epochs)


@pytest.mark.tf
def test_not_one_epoch_fits_and_all_is_there(train, by_steps):
    run = train("training.time=4 seconds", "~training.epochs", "training.steps_per_execution=1", DECAYING)
    assert run.metrics["epoch"] == [1]
    assert run.record["stopped"]["why"].endswith("of 5 steps of it")
    assert run.metrics["learning_rate"][0] < 0.005
    assert run.record["status"] == "completed" and "accuracy" in run.record["test"]
    assert "not one epoch fits into 4 seconds" in run.run.log.read_text()


@pytest.mark.tf
def test_killed_and_resumed_it_does_what_it_would_have_done(config, deterministic, by_steps, tmp_path):
    """The clock of the second session is far beyond the limit; the plan was made before."""
    from bigmodel_cli.errors import Interrupted
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.metrics_file import TIME_COLUMNS, read_metrics
    from bigmodel_cli.new_run import NewRun
    from bigmodel_cli.run_folder import RunFolder
    from bigmodel_cli.training.train import resume, train

    class KilledAfter(Silent):
        def epoch_ended(self, progress, row):
            if progress.epoch == 4:
                raise Interrupted(15)

    def weights(run):
        from bigmodel_cli.inference.loading import load_checkpoint

        return [weight.tobytes() for weight in load_checkpoint(run, "last").get_weights()]

    def numbers(run):
        return {k: v for k, v in read_metrics(run.metrics).items() if k not in TIME_COLUMNS}

    loaded = config("training.time=103 seconds", "~training.epochs", deterministic, DECAYING)
    whole = train(loaded, NewRun(tmp_path, "whole")).run
    with pytest.raises(Interrupted):
        train(loaded, NewRun(tmp_path, "killed", "run"), [KilledAfter()])
    by_steps(extra=500.0)
    killed = RunFolder(tmp_path / "killed" / "run")
    assert len(read_metrics(killed.metrics)["epoch"]) == 4
    resume(killed)
    assert numbers(killed) == numbers(whole)
    assert weights(killed) == weights(whole)
    assert killed.read_record()["stopped"] == whole.read_record()["stopped"]


@pytest.mark.tf
def test_stopped_while_a_part_of_an_epoch_is_validated_no_step_is_added(prepare, clock, monkeypatch):
    from bigmodel_cli.training.signals import StopRequest
    from bigmodel_cli.training.state import Moment

    prepared = prepare()
    loop = prepared.loop
    loop.limit = clock.limit(deterministic=True)
    loop.moment = Moment(planned=Plan("100 seconds", 1, 3, 3, is_final=True).__dict__)
    with monkeypatch.context() as patch:
        patch.setattr(loop.callbacks, "on_test_begin", lambda: setattr(loop.stop, "signal_number", 15))
        assert prepared.run() == []
    assert (loop.moment.epoch, loop.moment.step) == (0, 3)
    loss = loop.training.measures.results()["loss"]
    resumed = replace(prepared, loop=replace(loop, stop=StopRequest()))
    [row] = resumed.run()
    assert row["loss"] == loss and row["val_loss"] > 0
    assert int(loop.model.optimizer.iterations.numpy()) == 3
    assert resumed.loop.moment.stopped["why"] == "no more fits into 100 seconds, after 3 of 5 steps of it"


@pytest.mark.tf
def test_more_time_trains_longer(train, by_steps):
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.training.train import resume

    run = train("training.time=38 seconds", "~training.epochs", DECAYING)
    before = len(run.metrics["epoch"])
    with pytest.raises(UsageError, match=f"complete after {before} of {before} epochs") as refused:
        resume(run.run)
    assert refused.value.hint.endswith("'training.time=76 seconds'")
    resume(run.run, ["training.time=76 seconds"])
    assert len(run.metrics["epoch"]) > before + 3
    assert run.metrics["learning_rate"][-1] < 1e-3 < run.metrics["learning_rate"][before]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["training.time=30 minutes", "~training.epochs"], ", Adam, 30 minutes)"),
        (["training.time=30 minutes"], ", Adam, 2 epochs or 30 minutes)"),
        ([], ", Adam, 2 epochs)"),
    ],
)
def test_check_says_how_long_it_trains(bigmodel, tiny, words, says):
    assert says in bigmodel("check", tiny, *words).out


def test_a_time_that_is_none_is_told_with_its_place(bigmodel, tiny):
    ended = bigmodel("check", tiny, "training.time=soon")
    assert ended.code == 2
    assert "training.time: expected a time such as `30 minutes` or `2 hours`, found 'soon'" in ended.err
