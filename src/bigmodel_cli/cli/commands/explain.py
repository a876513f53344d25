"""`bigmodel explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.numbers import Region, WholeNumber
from bigmodel_cli.cli.options import as_is_option, example, json_option, runs_dir_option, trust_option

if TYPE_CHECKING:
    from bigmodel_cli.explaining.destinations import Destinations
    from bigmodel_cli.explaining.explain import Explainer
    from bigmodel_cli.explaining.findings import Explanation, Finding
    from bigmodel_cli.inference.opened import OpenRun
    from bigmodel_cli.kinds.inputs import Input


@click.command(
    epilog=example(
        "bigmodel explain digit.png",
        "bigmodel explain photos/ --run flowers --method grad-cam --out explained/",
        "bigmodel explain cat.jpg --class cat --class dog --json",
        "bigmodel explain cells.png --run cells --region 60,40",
        "bigmodel explain --run adult",
        "bigmodel explain --run adult --row 17",
        "bigmodel explain people.csv --run adult --out explained/",
    )
)
@click.argument("images", nargs=-1, metavar="[IMAGE|ROWS]...")
@click.option(
    "--run", shell_complete=complete.runs, help="A run's folder or name. [default: the newest completed run]"
)
@click.option(
    "--class",
    "class_names",
    multiple=True,
    metavar="NAME",
    help="Explain this class instead of those that are predicted; may be repeated.",
)
@click.option(
    "--top",
    type=WholeNumber(min=1),
    help="Classes to explain for each image, or row. [default: 3 of images, 1 of rows]",
)
@click.option(
    "--method",
    type=click.Choice(["grad-cam", "integrated-gradients", "occlusion", "all"]),
    default="all",
    show_default=True,
    help="grad-cam needs a convolution; occlusion nothing but predictions.",
)
@click.option(
    "--layer", metavar="NAME", help="The layer that grad-cam looks at. [default: the last convolution]"
)
@click.option(
    "--region",
    type=Region(),
    metavar="BOX|PIXEL",
    help="Of masks: what a class rests on in this part of the image: LEFT,TOP,RIGHT,BOTTOM in pixels, or X,Y "
    "for the pixels of one class around that one.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A folder for the pictures, a .png file for one, or of rows an .html file for all. [default: the "
    "current folder; of rows none]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Explain one row with these values; columns that are left out are missing; may be repeated.",
)
@click.option("--row", type=WholeNumber(min=0), help="Explain this row of the split, counted from 0.")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    help="Of rows: the split. [default: test, else validation]",
)
@click.option("--target", metavar="NAME", help="Of several targets: this one. [default: each]")
@click.option(
    "--repeats",
    type=WholeNumber(min=2),
    help="Of rows: how often each column is shuffled. [default: 20]",
)
@click.option("--invert", is_flag=True, help="Turn bright into dark first, for dark digits on white paper.")
@as_is_option
@click.option("--maps", "with_maps", is_flag=True, help="With --json: every value of every map.")
@trust_option
@runs_dir_option
@json_option
def command(
    images: tuple[str, ...],
    run: str | None,
    out: Path | None,
    with_maps: bool,
    runs_dir: Path,
    as_json: bool,
    **how: Any,
) -> None:
    """Show what in IMAGEs a run's model decides by: one picture each, with a map per class and method.

    IMAGEs are files, folders of them, quoted globs, or .npy and .npz arrays. A dash (-) stands for the names
    that standard input has, one a line.

    Of a table: what each column is worth on a split; of ROWS (tables), of --row or of --set, what moves each
    prediction, column by column.
    """
    from bigmodel_cli.cli.output import note
    from bigmodel_cli.inference.opened import open_run

    if with_maps and not as_json:
        raise click.UsageError("--maps is for --json", click.get_current_context())
    opened = open_run(run, runs_dir)
    if run is None:
        note(f"run: {opened.folder.title} (the newest completed one)")
    if opened.signature.kind.is_composed:
        from bigmodel_cli.cli.explained_rows import explain_rows

        explain_rows(opened, images, {**how, "maps": with_maps}, out, as_json=as_json)
        return
    _require_image_options(images, how)
    _explain_images(opened, images, how, out, as_json=as_json, with_maps=with_maps)


# What is asked of rows alone.
_OF_ROWS = ("settings", "row", "split", "target", "repeats")


def _require_image_options(images: tuple[str, ...], how: dict[str, Any]) -> None:
    """Refuse what rows alone can be asked.

    Raises:
        click.UsageError: If it is there, or no image is.
    """
    context = click.get_current_context()
    for name in _OF_ROWS:
        if how.pop(name) not in (None, ()):
            option = "--set" if name == "settings" else f"--{name}"
            raise click.UsageError(f"{option} is for models of rows of a table", context)
    if not images:
        raise click.UsageError("Missing argument 'IMAGE...'.", context)


def _explain_images(
    opened: OpenRun,
    images: tuple[str, ...],
    how: dict[str, Any],
    out: Path | None,
    *,
    as_json: bool,
    with_maps: bool,
) -> None:
    from bigmodel_cli.cli.output import echo_json_list, note, require_all_readable, warn
    from bigmodel_cli.cli.words import with_names_from_stdin
    from bigmodel_cli.explaining.destinations import Destinations
    from bigmodel_cli.explaining.explain import Explainer, Request, require_images
    from bigmodel_cli.inference.inputs import find_inputs

    if how.pop("as_is"):
        opened = opened.taking_files_as_they_are()
    how["top"] = how["top"] or 3
    require_images(opened)
    found = find_inputs(with_names_from_stdin(images), opened.signature, warn, opened.examples_array)
    destinations = Destinations(out, found)
    explainer = Explainer(opened, Request(**how))
    for sentence in explainer.notes:
        note(sentence)
    results = _Results(explainer, destinations, as_json=as_json, with_maps=with_maps)
    for item in found:
        results.take(item)
    if as_json:
        head = {"run": str(opened.folder.path), "explained": explainer.explained, "layer": explainer.layer}
        echo_json_list(head, "images", results.documents)
    require_all_readable(results.unreadable)


class _Results:
    """What becomes of explanations: a picture each, and lines or documents.

    Attributes:
        documents: JSON, written already.
        unreadable: What is wrong with images that could not be read.
    """

    def __init__(
        self, explainer: Explainer, destinations: Destinations, *, as_json: bool, with_maps: bool
    ) -> None:
        self.documents: list[str] = []
        self._explainer = explainer
        self._destinations = destinations
        self._as_json = as_json
        self._with_maps = with_maps
        self.unreadable: list[str] = []

    def take(self, item: Input) -> None:
        from bigmodel_cli.cli.output import json_text, note, one_line
        from bigmodel_cli.errors import DataError
        from bigmodel_cli.explaining.picture import write_picture

        try:
            explanation = self._explainer.explain(item)
        except DataError as error:
            self.unreadable.append(error.message)
            if self._as_json:
                self.documents.append(json_text({"image": item.name, "error": error.message}))
            return
        path = self._destinations.next_for(item)
        write_picture(path, explanation)
        if self._as_json:
            document = explanation.as_json(with_maps=self._with_maps)
            self.documents.append(json_text({**document, "picture": str(path)}))
        else:
            for line in _lines(explanation):
                click.echo(line)
        note(f"written: {one_line(str(path))}")


def _lines(explanation: Explanation) -> list[str]:
    from bigmodel_cli.cli.output import one_line

    name = one_line(explanation.input.name)
    return [
        f"{name}: {_what(finding, explanation.shown(finding.value))}: {'; '.join(_places(finding))}"
        for finding in explanation.findings
    ]


def _what(finding: Finding, value: str) -> str:
    from bigmodel_cli.cli.output import one_line

    label = "" if finding.label is None else f"{one_line(finding.label)} "
    return f"{label}{value}"


def _places(finding: Finding) -> list[str]:
    """Where each method looks."""
    places = []
    for method, evidence in finding.evidence.items():
        if evidence.peak is None:
            places.append(f"{method} nothing")
        else:
            region, share = evidence.main_region
            places.append(f"{method} {region} ({share:.0%}), most at {evidence.peak[0]},{evidence.peak[1]}")
    return places
