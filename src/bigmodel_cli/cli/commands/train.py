"""`bigmodel train`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.numbers import Number, WholeNumber
from bigmodel_cli.cli.options import (
    ci_options,
    example,
    json_option,
    offline_option,
    plain_option,
    runs_dir_option,
    runs_dir_words,
    strict_option,
    trust_option,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from bigmodel_cli.config.load import LoadedConfig
    from bigmodel_cli.listener import Listener
    from bigmodel_cli.reporting.ci import Checked
    from bigmodel_cli.run_folder import RunFolder
    from bigmodel_cli.training.conclusion import TrainingResult
    from bigmodel_cli.training.peers import Peers

# What --resume means where no run is named; no run can have this name.
NEWEST = "/"


@click.command(
    epilog=example(
        "bigmodel train configs/digits.yaml",
        "bigmodel train configs/digits.yaml training.epochs=5 optimizer.Adam.learning_rate=1e-3",
        "bigmodel train configs/digits.yaml ~augmentation --json",
        "bigmodel train --resume",
        "bigmodel train --resume digits training.epochs=20",
        "bigmodel train flowers.yaml --from photos",
        "bigmodel train flowers.yaml --from elsewhere.keras",
        "bigmodel train configs/digits.yaml --smoke",
        "bigmodel train configs/digits.yaml --overfit 32",
    )
)
@click.argument(
    "words", nargs=-1, metavar="[CONFIG] [KEY=VALUE | ~KEY]...", shell_complete=complete.config_and_overrides
)
@click.option(
    "--resume",
    is_flag=False,
    flag_value=NEWEST,
    metavar="[RUN]",
    shell_complete=complete.runs,
    help="Go on with a run, in its folder, instead of starting one; without RUN the newest unfinished one.",
)
@click.option(
    "--from",
    "parent",
    metavar="RUN|FILE",
    shell_complete=complete.runs,
    help="Start from the best weights of a run, or from those of a file (.keras, .h5, .weights.h5, "
    ".safetensors, a SavedModel's folder), where layers fit (fine-tuning).",
)
@click.option(
    "--profile", is_flag=True, help="Write a TensorBoard trace of some steps and say where the time went."
)
@click.option("--tensorboard", is_flag=True, help="Log for TensorBoard: tensorboard --logdir runs.")
@click.option(
    "--smoke",
    is_flag=True,
    help="Try two batches of everything that a run does, in a folder that goes away: does it work at all?",
)
@click.option(
    "--overfit",
    type=WholeNumber(min=2),
    metavar="N",
    help="Can the model learn N training examples by heart? Says what it means where not (exit code 4), "
    "and keeps nothing.",
)
@click.option(
    "--baseline",
    is_flag=True,
    help="Fit simple models to the same data at the end; the report shows them beside the model.",
)
@click.option(
    "--start-timeout",
    type=Number(min=0, min_open=True),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the other processes, where several train together.",
)
@ci_options
@trust_option
@runs_dir_option
@offline_option
@strict_option
@plain_option
@json_option
def command(
    words: tuple[str, ...],
    resume: str | None,
    parent: str | None,
    profile: bool,
    tensorboard: bool,
    smoke: bool,
    overfit: int | None,
    baseline: bool,
    start_timeout: float,
    trust: bool,
    runs_dir: Path,
    strict: bool,
    plain: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Train the model of CONFIG and keep everything about it in a new run folder.

    KEY=VALUE changes the config (the value is YAML); ~KEY removes a key. With --resume a run goes on where it
    stopped, and only what does not change what was trained may be given, such as training.epochs.
    """
    from bigmodel_cli.cli.ci import write_for_ci
    from bigmodel_cli.cli.output import echo_json
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.cli.trained import result_as_json, show_result
    from bigmodel_cli.cli.tried import try_overfit, try_smoke
    from bigmodel_cli.gates import require_gates

    if smoke or overfit is not None:
        _require_config_alone("--smoke" if smoke else "--overfit", resume, parent)
        loaded = _config(words, runs_dir, tensorboard=tensorboard, strict=strict)
        _require_runs_to_trust(trust, loaded)
        shown = {"offline": how["offline"], "plain": plain, "as_json": as_json}
        if smoke:
            try_smoke(loaded, trust=trust, **shown)
        if overfit is not None:
            try_overfit(loaded, overfit, **shown)
        return
    peers = _peers(start_timeout)
    if resume is None and (run := _begun_run(runs_dir)) is not None:
        words, resume = (), str(run.path)
    if resume is None:
        has_parent = parent is not None
        loaded = _config(words, runs_dir, tensorboard=tensorboard, strict=strict, gets_weights=has_parent)
        _require_runs_to_trust(trust and not has_parent, loaded)
        work = _training(loaded, parent, runs_dir, trust=trust)
    elif tensorboard:
        raise click.UsageError(
            "--tensorboard is for a new run; one that logs goes on to do so", click.get_current_context()
        )
    else:
        work = _resuming(words, resume, parent, runs_dir, strict=strict, trust=trust)
    with listening(plain=plain, follows=peers is not None and not peers.cluster.is_chief) as listener:
        result = work(listener, offline=how["offline"], profile=profile, peers=peers)
        if result is None:
            return
        found = _baselines(result, listener, offline=how["offline"]) if baseline else None
    if as_json:
        document = result_as_json(result)
        echo_json(document if found is None else {**document, "baselines": found["models"]})
    else:
        show_result(result, runs_dir, found)
    write_for_ci([_checked(result)], how["junit"], how["summary"])
    require_gates(result.gates)


def _require_config_alone(option: str, resume: str | None, parent: str | None) -> None:
    """What only tries a config keeps no run, and takes none up.

    Raises:
        click.UsageError: If a run is named.
    """
    for given, word in ((resume, "--resume"), (parent, "--from")):
        if given is not None:
            raise click.UsageError(
                f"{option} tries a CONFIG, from its own beginning; {word} is for a run",
                click.get_current_context(),
            )


def _peers(start_timeout: float) -> Peers | None:
    import os

    from bigmodel_cli.cluster.launched import end_with_launcher, launch_of, take_share
    from bigmodel_cli.training.peers import find_peers

    if launch_of(os.environ) is not None:
        end_with_launcher()
        take_share(os.environ)
    return find_peers(start_timeout)


def _begun_run(runs_dir: Path) -> RunFolder | None:
    """The run that an earlier start of the same launch has begun, before a process was lost."""
    import os

    from bigmodel_cli.cluster.launched import is_restarted, launch_of

    launch = launch_of(os.environ)
    if launch is None or not is_restarted(os.environ):
        return None
    from bigmodel_cli.training.resume import run_of_launch

    return run_of_launch(launch, runs_dir)


def _baselines(result: TrainingResult, listener: Listener, *, offline: bool) -> dict[str, Any]:
    from bigmodel_cli.baselines.run import keep_baselines
    from bigmodel_cli.inference.opened import open_folder

    return keep_baselines(open_folder(result.run), listener, offline=offline)


def _checked(result: TrainingResult) -> Checked:
    from bigmodel_cli.reporting.ci import Checked

    return Checked(result.run.title, result.document, result.gates)


def _config(words: tuple[str, ...], runs_dir: Path, *, tensorboard: bool, **how: bool) -> LoadedConfig:
    from bigmodel_cli.cli.output import note, show_warnings
    from bigmodel_cli.config.dump import plain, to_flow
    from bigmodel_cli.modeling.language import read_config

    if not words:
        raise click.UsageError("expected a CONFIG, or --resume", click.get_current_context())
    path, *overrides = words
    loaded = read_config(Path(path), overrides, runs_dir=runs_dir, **how)
    callbacks = loaded.experiment.training.callbacks
    if tensorboard and not any(callback.name == "TensorBoard" for callback in callbacks):
        # As if it were written, so that the run's config has it and a resume logs too.
        wanted = to_flow([*plain(callbacks), "TensorBoard"])
        loaded = read_config(
            Path(path), [*overrides, f"training.callbacks={wanted}"], runs_dir=runs_dir, **how
        )
    show_warnings(loaded.warnings)
    if loaded.experiment.tune is not None:
        note(f"trains the config as it is; what its tune section searches: bigmodel tune {shlex.join(words)}")
    return loaded


def _require_runs_to_trust(trust: bool, loaded: LoadedConfig) -> None:
    """Raises:
    click.UsageError: If there is no run whose code could be meant.
    """
    compress = loaded.experiment.compress
    if trust and (compress is None or compress.distill is None):
        raise click.UsageError(
            "--trust is for a run that --from or --resume names, or for a teacher",
            click.get_current_context(),
        )


def _training(
    loaded: LoadedConfig, parent: str | None, runs_dir: Path, *, trust: bool
) -> Callable[..., TrainingResult | None]:
    from bigmodel_cli.new_run import NewRun
    from bigmodel_cli.run_search import find_run, is_weight_file

    new = NewRun(runs_dir, loaded.experiment.name)
    source = None if parent is None or is_weight_file(parent) else find_run(parent, runs_dir)

    def work(listener: Listener, **how: Any) -> TrainingResult | None:
        from bigmodel_cli.training.train import How, train
        from bigmodel_cli.training.transfer import Parent, ParentFile

        start: Parent | ParentFile | None = None
        if parent is not None:
            start = ParentFile(Path(parent), trust) if source is None else Parent(source, trust)
        return train(loaded, new, [listener], parent=start, how=How(trust=trust, **how))

    return work


def _resuming(
    words: tuple[str, ...], resume: str, parent: str | None, runs_dir: Path, *, strict: bool, trust: bool
) -> Callable[..., TrainingResult | None]:
    from bigmodel_cli.run_lock import find_unfinished

    if strict:
        raise click.UsageError(
            "--strict is for a CONFIG; --resume takes the config of the run", click.get_current_context()
        )
    if parent is not None:
        raise click.UsageError(
            "--resume goes on with a run as it is; --from starts a new one", click.get_current_context()
        )
    # `--resume training.epochs=20` means the newest run.
    if "=" in resume or resume.startswith("~"):
        words, resume = (resume, *words), NEWEST
    _require_no_config(words, resume, runs_dir)
    run = find_unfinished(None if resume == NEWEST else resume, runs_dir)

    def work(listener: Listener, **how: Any) -> TrainingResult | None:
        from bigmodel_cli.training.train import How
        from bigmodel_cli.training.train import resume as go_on

        if resume == NEWEST:
            # Before the data is read, which may take long: it may be another run than was thought of.
            began_with = run.read_record().get("config")
            listener.say(f"resuming {run.title}, the newest unfinished run (its config was {began_with})")
        return go_on(run, words, [listener], how=How(trust=trust, **how))

    return work


def _require_no_config(words: tuple[str, ...], resume: str, runs_dir: Path) -> None:
    """A run has its config with it: `train digits.yaml --resume` cannot change what was trained."""
    configs = [word for word in words if _is_config(word)]
    runs = [word for word in words if not set("=:~.") & set(word)] if resume == NEWEST else []
    if not configs and not runs and not (_is_config(resume) and Path(resume).is_file()):
        return
    given = next(iter(configs or runs), resume)
    run = resume if resume not in (NEWEST, given) else _run_name(given) if _is_config(given) else given
    others = [word for word in words if word not in (*configs, *runs)]
    command = shlex.join(["bigmodel", "train", "--resume", run, *others]) + runs_dir_words(runs_dir)
    found = "expected a run, found a config; a run has its config with it"
    raise click.UsageError(
        f"{given}: {'the run is named behind --resume' if runs and not configs else found}. Try: {command}",
        click.get_current_context(),
    )


def _is_config(word: str) -> bool:
    return Path(word).suffix in (".yaml", ".yml") and "=" not in word


def _run_name(config: str) -> str:
    """What runs of a config are called."""
    from contextlib import suppress

    from bigmodel_cli.errors import BigmodelError
    from bigmodel_cli.modeling.language import read_config

    with suppress(BigmodelError):
        return read_config(Path(config), ()).experiment.name
    return Path(config).stem
