"""`bigmodel predict`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.numbers import Seconds, WholeNumber
from bigmodel_cli.cli.options import as_is_option, example, json_option, runs_dir_option, trust_option
from bigmodel_cli.cli.timeline import Timeline

if TYPE_CHECKING:
    from bigmodel_cli.cli.answer_files import AnswerFiles
    from bigmodel_cli.inference.batches import Prediction
    from bigmodel_cli.inference.inputs import Inputs
    from bigmodel_cli.inference.opened import OpenRun
    from bigmodel_cli.kinds.familiar import Unlike
    from bigmodel_cli.kinds.inputs import Rows
    from bigmodel_cli.signature import Signature
    from bigmodel_cli.tasks.predictions import Answer

# More inputs that are unlike the training examples are counted, not named.
_MOST_UNLIKE = 10
# What engines are called in a sentence.
_ENGINES = {"litert": "LiteRT", "keras": "Keras"}


@click.command(
    epilog=example(
        "bigmodel predict digit.png",
        "bigmodel predict photos/ --run flowers --csv predictions.csv",
        "bigmodel predict 'photos/*.jpg' --plot predictions.png",
        "bigmodel predict people.csv --run adult --csv scored.csv --keep id,name",
        "bigmodel predict recording.wav --every 0.5s",
        "bigmodel predict --set age=39 --set workclass=Private",
        "bigmodel predict --text 'WINNER!! Call now to claim your prize' --run sms_spam",
    )
)
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option(
    "--run", shell_complete=complete.runs, help="A run's folder or name. [default: the newest completed run]"
)
@click.option(
    "--top", type=WholeNumber(min=1), default=3, show_default=True, help="Classes to show for each input."
)
@click.option("--invert", is_flag=True, help="Turn bright into dark first, for dark digits on white paper.")
@as_is_option
@click.option(
    "--engine",
    type=click.Choice(["auto", "litert", "keras"]),
    default="auto",
    show_default=True,
    help="LiteRT answers before TensorFlow would have started.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="A value of the one row to predict; columns that are not set are missing.",
)
@click.option(
    "--text",
    "texts",
    multiple=True,
    metavar="TEXT",
    help="A text to predict, of a model that takes one; may be repeated.",
)
@click.option(
    "--keep",
    metavar="COLUMNS",
    help="Columns of the rows that --csv writes beside their predictions, with commas between. "
    "[default: all]",
)
@click.option(
    "--csv",
    "csv_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write all scores to this file; those of rows behind their columns.",
)
@click.option(
    "--plot",
    "plot_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the images under their predictions.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write the mask of each image into this folder, or .png file, in the image's own size.",
)
@click.option(
    "--every",
    type=Seconds(),
    metavar="SECONDS",
    help="Predict recordings part by part, one every so many seconds (1s, 0.5), with a timeline.",
)
@click.option("--verbose", is_flag=True, help="Say on stderr which engine predicts, and why.")
@trust_option
@runs_dir_option
@json_option
def command(
    inputs: tuple[str, ...],
    run: str | None,
    top: int,
    csv_path: Path | None,
    plot_path: Path | None,
    runs_dir: Path,
    as_json: bool,
    **how: Any,
) -> None:
    """Predict INPUTs: image files, folders of them, quoted globs, or .npy and .npz arrays.

    A model of rows takes tables: CSV, TSV, JSON lines, Parquet, Feather. One of texts takes .txt files and
    folders of them, too.

    A dash (-) stands for the names that standard input has, one a line; for rows on it; or, where a row is
    one text, for a text in each line.
    """
    from bigmodel_cli.cli.output import echo_json_list, note, require_all_readable, warn
    from bigmodel_cli.inference.engines import open_engine
    from bigmodel_cli.inference.familiar import read_familiar
    from bigmodel_cli.inference.opened import answering_of, open_run
    from bigmodel_cli.inference.predict import predict

    _require_inputs(inputs, how["settings"] + how["texts"])
    opened = open_run(run, runs_dir)
    if how["as_is"]:
        opened = opened.taking_files_as_they_are()
    if run is None:
        note(f"run: {opened.folder.title} (the newest completed one)")
    for decision in answering_of(opened).decided:
        note(f"decided for {decision}, as the run's decision.json has it")
    results = _Results(top, keeps_documents=as_json, plot_room=_plot_room(plot_path, opened.signature))
    found = _found(inputs, opened, how, csv_path)
    for remark in found.remarks:
        note(remark)
    files = _files(how["out"], found, opened, inverted=how["invert"])
    chosen = open_engine(opened.folder, how["engine"], warn=warn, trust=how["trust"])
    if how["verbose"]:
        note(f"engine: {_ENGINES[chosen.name]}, {chosen.reason}")
    familiar = read_familiar(opened.folder, opened.signature, warn)
    with closing(
        predict(opened, chosen.engine, found, invert=how["invert"], familiar=familiar)
    ) as predictions:
        csv = _csv(csv_path, opened, found.columns, says_unlike=familiar is not None)
        _take_all(predictions, results, csv, files)
    results.write_timeline()
    for sentence in (*found.noticed, *results.remarks(inverted=how["invert"])):
        note(sentence)
    if as_json:
        head = {"run": str(opened.folder.path), "engine": chosen.name}
        echo_json_list(head, "predictions", results.documents)
    _say_written(csv_path, how["out"], files)
    if plot_path:
        from bigmodel_cli.reporting.prediction_plot import plot_predictions

        plot_predictions(plot_path, results.plotted, opened.signature, invert=how["invert"])
        note(f"written: {plot_path}")
    require_all_readable(results.unreadable)


def _plot_room(path: Path | None, signature: Signature) -> int:
    """How many predictions the plot draws; 0 where there is to be none."""
    if path is None:
        return 0
    from bigmodel_cli.reporting.prediction_plot import MAX_IMAGES, check_prediction_plot

    check_prediction_plot(path, signature)
    return MAX_IMAGES


class _Results:
    """What becomes of predictions: they are shown, or kept where they can only be used together.

    Args:
        top: Classes to show for each input.
        keeps_documents: They become one JSON document, and no lines.
        plot_room: How many a plot draws.

    Attributes:
        documents: JSON, written already.
        unreadable: What is wrong with inputs that could not be read.
        plotted: Those that are drawn.
    """

    def __init__(self, top: int, *, keeps_documents: bool, plot_room: int) -> None:
        from bigmodel_cli.cli.output import json_text, marked, one_line, shows_colors

        self._mark = marked if shows_colors() else None
        self._json_text, self._one_line, self._write = json_text, one_line, sys.stdout.write
        self.top = top
        self.documents: list[str] = []
        self.plotted: list[Prediction] = []
        self._keeps_documents = keeps_documents
        self._plot_room = plot_room
        self.unreadable: list[str] = []
        self._num_taken = self._num_redrawn = self._num_unlike = 0
        self._unlike: list[str] = []
        self._timeline = Timeline()
        self._hints: dict[str, None] = {}

    def take(self, prediction: Prediction) -> None:
        self._num_taken += 1
        self._num_redrawn += prediction.redrawn is True
        self._timeline.take(prediction)
        if prediction.unlike:
            self._take_unlike(prediction, prediction.unlike)
        if prediction.error:
            self.unreadable.append(prediction.error)
        elif len(self.plotted) < self._plot_room:
            self.plotted.append(prediction)
        if self._keeps_documents:
            self.documents.append(self._json_text(prediction.as_json(self.top)))
        elif prediction.answer is not None:
            self._write(f"{self._line(prediction.input.name, prediction.answer)}\n")

    def write_timeline(self) -> None:
        """Say what is heard when, where parts of recordings were predicted."""
        for line in () if self._keeps_documents else self._timeline.lines():
            self._write(f"{self._one_line(line)}\n")
        sys.stdout.flush()

    def _line(self, name: str, answer: Answer) -> str:
        """An answer in a line, on a terminal with its parts in colours."""
        if self._mark is not None:
            return f"{self._one_line(name)}: {answer.terminal_line(self.top, self._one_line, self._mark)}"
        return self._one_line(f"{name}: {answer.line(self.top)}")

    def _take_unlike(self, prediction: Prediction, reasons: Sequence[Unlike]) -> None:
        from bigmodel_cli.cli.output import one_line
        from bigmodel_cli.kinds.familiar import describe

        self._num_unlike += 1
        if self._num_unlike <= _MOST_UNLIKE:
            self._unlike.append(f"{one_line(prediction.input.name)}: {describe(reasons)}")
        for reason in reasons:
            if reason.hint is not None:
                self._hints[reason.hint] = None

    def remarks(self, *, inverted: bool) -> list[str]:
        """What a user should know of all inputs together, as sentences.

        Args:
            inverted: Whether `--invert` was given.
        """
        sentences = []
        if self._num_redrawn:
            sentences.append(
                f"{self._of_all(self._num_redrawn)} drawn anew as the run's training images were made "
                "(size, place, ground, strokes): --plot shows it, --as-is leaves it"
            )
            if inverted:
                sentences.append(
                    "--invert changes nothing in what is drawn anew: the border says what the ground is"
                )
        if self._num_unlike:
            sentences += self._unlike
            hints = f": {'; '.join(self._hints)}" if self._hints else ""
            sentences.append(
                f"{self._of_all(self._num_unlike)} unlike the training examples, "
                f"where predictions mean little{hints}"
            )
        return sentences

    def _of_all(self, count: int) -> str:
        if self._num_taken == 1:
            return "the input was"
        return f"{count:,} of {self._num_taken:,} inputs {'was' if count == 1 else 'were'}"


def _require_inputs(words: Sequence[str], in_options: Sequence[str]) -> None:
    if not words and not in_options:
        raise click.UsageError("Missing argument 'INPUT...'.")


def _found(
    words: Sequence[str],
    opened: OpenRun,
    how: Mapping[str, Any],
    csv_path: Path | None,
) -> Inputs | Rows:
    """What the words and options of the command mean."""
    from bigmodel_cli.cli.output import warn
    from bigmodel_cli.cli.words import with_names_from_stdin
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.inference.inputs import find_inputs, find_rows
    from bigmodel_cli.kinds.inputs import Asked

    keep: str | None = how["keep"]
    if keep is not None and csv_path is None:
        raise UsageError("--keep says which columns --csv writes", hint="add --csv FILE")
    # Where nothing is written beside the predictions, no cell need be kept.
    kept = () if csv_path is None else None if keep is None else _names(keep)
    asked = Asked(list(words), how["settings"], opened.rows_written, kept, how["texts"])
    rows = find_rows(asked, opened.signature, warn)
    if rows is not None:
        if how["every"] is not None:
            raise UsageError(f"--every is for sounds; this model takes {opened.signature.kind.described}")
        return rows
    names = with_names_from_stdin(words)
    return find_inputs(names, opened.signature, warn, opened.examples_array, how["every"])


def _names(words: str) -> list[str]:
    """Names of columns with commas between; quotes enclose one that has a comma."""
    import csv

    return [name.strip() for name in next(csv.reader([words], skipinitialspace=True))]


def _csv(
    path: Path | None, opened: OpenRun, kept: Sequence[str] | None, *, says_unlike: bool
) -> AbstractContextManager[Callable[[Prediction], None] | None]:
    """The CSV file, where one is wanted."""
    from bigmodel_cli.inference.opened import answering_of
    from bigmodel_cli.inference.predict import csv_output

    if path is None:
        return nullcontext()
    columns = answering_of(opened).columns
    return csv_output(path, columns, says_unlike=says_unlike, kept=kept)


def _files(out: Path | None, found: Inputs | Rows, opened: OpenRun, *, inverted: bool) -> AnswerFiles | None:
    """What writes answers that are pictures, where that is wanted."""
    if out is None:
        return None
    from bigmodel_cli.cli.answer_files import AnswerFiles

    return AnswerFiles(out, found, opened.signature, invert=inverted)


def _say_written(csv_path: Path | None, out: Path | None, files: AnswerFiles | None) -> None:
    from bigmodel_cli.cli.output import note

    if files is not None:
        note(f"written: {files.count:,} masks, {out}")
    if csv_path is not None:
        note(f"written: {csv_path}")


def _take_all(
    predictions: Iterable[Prediction],
    results: _Results,
    csv: AbstractContextManager[Callable[[Prediction], None] | None],
    files: AnswerFiles | None,
) -> None:
    with csv as write:
        for prediction in predictions:
            results.take(prediction)
            if files is not None:
                files.write(prediction)
            if write:
                write(prediction)
    # Lines are buffered where no terminal shows them; they come before what else is said.
    sys.stdout.flush()
