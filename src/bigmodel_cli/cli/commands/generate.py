"""`bigmodel generate`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.numbers import Number, WholeNumber
from bigmodel_cli.cli.options import example, json_option, offline_option, runs_dir_option, trust_option
from bigmodel_cli.tasks.translation.task import LENGTH_PENALTY

if TYPE_CHECKING:
    from bigmodel_cli.inference.generating.beams import Beams
    from bigmodel_cli.inference.generating.writing import Wanted, Writer, Written
    from bigmodel_cli.inference.opened import OpenRun

_OF_DRAWING = ("temperature", "top_k", "top_p", "seed")


@click.command(
    epilog=example(
        'bigmodel generate "To be"',
        'bigmodel generate "To be" --max-tokens 500 --temperature 0.7 --top-k 40 --seed 1',
        "bigmodel generate 'def ' --run python --stop '\\n\\n' --num 3 --json",
        "bigmodel generate 'def ' --beams 4 --stop '\\n\\n'",
        "bigmodel generate < prompts.txt",
    )
)
@click.argument("prompts", nargs=-1, metavar="[PROMPT]...")
@click.option(
    "--run", shell_complete=complete.runs, help="A run's folder or name. [default: the newest completed run]"
)
@click.option(
    "--max-tokens",
    type=WholeNumber(min=1, max=1_000_000),
    default=200,
    show_default=True,
    help="How many tokens are written behind a prompt, at most.",
)
@click.option(
    "--temperature",
    type=Number(min=0, max=100),
    default=0.8,
    show_default=True,
    help="Below 1 likely tokens come more often; 0 takes the likeliest each time.",
)
@click.option(
    "--top-k", type=WholeNumber(min=1), help="Draw from so many of the likeliest tokens. [default: all]"
)
@click.option(
    "--top-p",
    type=Number(min=0, max=1, min_open=True),
    default=1.0,
    show_default=True,
    help="Draw from the fewest tokens that have this share together.",
)
@click.option(
    "--seed", type=WholeNumber(min=0), default=0, show_default=True, help="Fixes what is drawn by chance."
)
@click.option(
    "--stop",
    multiple=True,
    metavar="TEXT",
    help="End a text before this; \\n is the end of a line. May be repeated.",
)
@click.option(
    "--num", type=WholeNumber(min=1, max=1000), default=1, show_default=True, help="Texts for each prompt."
)
@click.option(
    "--beams",
    type=WholeNumber(min=1, max=64),
    help="Look for the likeliest text instead of drawing one, keeping so many in mind.",
)
@click.option(
    "--length-penalty",
    type=Number(min=0, max=10),
    help=f"With --beams: a larger one prefers longer texts. [default: {LENGTH_PENALTY}]",
)
@click.option(
    "--no-cache", is_flag=True, help="Compute the whole window for each token: the same text, slowly."
)
@click.option("--verbose", is_flag=True, help="Say on stderr how fast tokens come, and how.")
@trust_option
@offline_option
@runs_dir_option
@json_option
def command(prompts: tuple[str, ...], run: str | None, runs_dir: Path, as_json: bool, **how: Any) -> None:
    """Write text behind PROMPTs, with a run of a model that was trained on text.

    What is piped in is a prompt in each line, as is what a dash (-) stands for. Without a prompt, a text
    begins as after the end of a line. The same prompt, seed and run give the same text.

    With --json the longest part that stands word for word in the training text is told, where that is still
    there: a small model recites.
    """
    from bigmodel_cli.cli.output import note
    from bigmodel_cli.inference.generating.of_run import require_writing, writer_of
    from bigmodel_cli.inference.opened import open_run

    asked = _prompts(prompts)
    wanted = _wanted(how)
    opened = open_run(run, runs_dir)
    require_writing(opened)
    if run is None:
        note(f"run: {opened.folder.title} (the newest completed one)")
    writer = writer_of(opened, keeps=not how["no_cache"], trust=how["trust"])
    if as_json:
        _tell(opened, writer, asked, wanted, offline=how["offline"])
        return
    written, seconds = _write_all(writer, asked, wanted)
    if how["verbose"]:
        count = sum(text.num_tokens for text in written)
        way = "from what is kept of earlier tokens" if writer.keeps else "each from a whole window"
        note(f"{count:,} tokens, {count / seconds:,.0f} tokens/s, {way}")


def _prompts(words: Sequence[str]) -> list[str]:
    from bigmodel_cli.cli.words import is_piped
    from bigmodel_cli.errors import UsageError

    if not words:
        return (_lines() if is_piped() else []) or [""]
    found: list[str] = []
    for word in words:
        found += _lines() if word == "-" else [_in_command(word)]
    if not found:
        raise UsageError("-: expected prompts on standard input, one a line; found none")
    return found


def _lines() -> list[str]:
    """The lines of standard input."""
    from bigmodel_cli.sources.text_reading import text_of

    lines = text_of(sys.stdin.buffer.read(), Path("-")).split("\n")
    return lines if lines[-1] else lines[:-1]


def _in_command(word: str) -> str:
    """A prompt that stands in the command, whose bytes Python takes however they are."""
    import os

    from bigmodel_cli.errors import UsageError

    try:
        return os.fsencode(word).decode("utf-8")
    except UnicodeDecodeError as error:
        found, place = error.object[error.start], len(error.object[: error.start].decode("utf-8"))
        raise UsageError(
            f"the prompt: not UTF-8 text: byte 0x{found:02x} behind {place} characters",
            hint="write it as UTF-8",
        ) from None


def _wanted(how: dict[str, Any]) -> Wanted:
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.inference.generating.sampling import Sampling
    from bigmodel_cli.inference.generating.writing import Wanted

    if not all(how["stop"]):
        raise UsageError("--stop: expected a text, found an empty one")
    sampling = Sampling(how["temperature"], how["top_k"], how["top_p"], how["seed"])
    stop = [text.replace("\\n", "\n").replace("\\t", "\t") for text in how["stop"]]
    return Wanted(how["max_tokens"], how["num"], stop, sampling, _beams(how))


def _beams(how: dict[str, Any]) -> Beams | None:
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.inference.generating.beams import Beams

    count, penalty = how["beams"], how["length_penalty"]
    if count is None:
        if penalty is not None:
            raise UsageError("--length-penalty is for the likeliest text", hint="add --beams 4")
        return None
    context = click.get_current_context()
    for name in _OF_DRAWING:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{option} says how tokens are drawn, and --beams draws none", hint="give one of both"
            )
    if how["num"] > count:
        raise UsageError(
            f"--num {how['num']}: --beams {count} keeps fewer texts in mind",
            hint=f"--beams {how['num']}",
        )
    return Beams(count, LENGTH_PENALTY if penalty is None else penalty)


def _write_all(writer: Writer, prompts: Sequence[str], wanted: Wanted) -> tuple[list[Written], float]:
    """Write texts to standard output: a single one as it comes, several one after the other."""
    import time

    from bigmodel_cli.cli.output import printable

    began, written = time.perf_counter(), []
    is_single = len(prompts) * wanted.num == 1

    def show(_row: int, piece: str) -> None:
        sys.stdout.write(printable(piece))
        sys.stdout.flush()

    for prompt in prompts:
        if is_single:
            show(0, prompt)
        texts = writer.write(prompt, wanted, show if is_single else _nothing)
        for text in texts:
            written.append(text)
            whole = "" if is_single else printable(prompt + text.text)
            between = "" if is_single else "\n---"
            sys.stdout.write(f"{whole}{between}\n")
            sys.stdout.flush()
    return written, time.perf_counter() - began


_nothing: Callable[[int, str], None] = lambda _row, _piece: None  # noqa: E731


def _tell(opened: OpenRun, writer: Writer, prompts: Sequence[str], wanted: Wanted, *, offline: bool) -> None:
    """One JSON document of all texts."""
    import time

    from bigmodel_cli.cli.output import echo_json, warn
    from bigmodel_cli.errors import DataError
    from bigmodel_cli.inference.generating.of_run import training_text
    from bigmodel_cli.inference.generating.writing import longest_common_run
    from bigmodel_cli.listener import Silent

    began = time.perf_counter()
    written = [text for prompt in prompts for text in writer.write(prompt, wanted)]
    seconds = time.perf_counter() - began
    try:
        training: str | None = training_text(opened, Silent(), offline=offline)
    except DataError as error:
        warn(f"what texts repeat of the training text is not known: {error.message}")
        training = None
    texts = []
    for text in written:
        run = None if training is None else longest_common_run(text.text, training)
        repeated = None if run is None else {"characters": len(run), "text": run}
        texts.append({**text.as_json(), "longest_run": repeated})
    sampling, beams = wanted.sampling, wanted.beams
    drawn = {"seed": sampling.seed, **{name: getattr(sampling, name) for name in _OF_DRAWING[:-1]}}
    echo_json(
        {
            "run": str(opened.folder.path),
            **(drawn if beams is None else {"beams": beams.count, "length_penalty": beams.length_penalty}),
            "tokens_per_second": round(sum(text.num_tokens for text in written) / seconds, 1),
            "keeps_tokens": writer.keeps,
            "texts": texts,
        }
    )
