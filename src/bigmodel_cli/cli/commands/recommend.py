"""`bigmodel recommend`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.numbers import WholeNumber
from bigmodel_cli.cli.options import example, json_option, runs_dir_option, trust_option

if TYPE_CHECKING:
    from bigmodel_cli.inference.item_columns import ItemColumns
    from bigmodel_cli.recommending.catalogue import Catalogue
    from bigmodel_cli.recommending.reasons import Reason
    from bigmodel_cli.recommending.recommend import Answer, Newcomer, Recommender
    from bigmodel_cli.run_folder import RunFolder

_HAD = "items:"
_MOST_COLUMNS, _MOST_LETTERS = 4, 40


@click.command(
    epilog=example(
        "bigmodel recommend 42",
        "bigmodel recommend 42 17 --top 5 --where genres=Drama --where year=2013",
        "bigmodel recommend --similar-to 111161",
        "bigmodel recommend --new-user items:111161,68646",
        "bigmodel recommend --similar-to 9999999 --items new.csv",
        "bigmodel recommend --all --csv everybody.csv",
        "bigmodel recommend - --json < users.txt",
    )
)
@click.argument("users", nargs=-1, metavar="[USER]...")
@click.option(
    "--run", shell_complete=complete.runs, help="A run's folder or name. [default: the newest completed run]"
)
@click.option(
    "--top", type=WholeNumber(min=1), default=10, show_default=True, help="How many items for each user."
)
@click.option(
    "--exclude-seen/--include-seen",
    default=None,
    help="Whether items are left out that the user had in training. [default: as the target's `seen` says]",
)
@click.option(
    "--where",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Only items of which this holds (also !=, <, <=, > and >=); of several, all.",
)
@click.option("--similar-to", metavar="ITEM", help="Items that are like this one, instead of for a user.")
@click.option(
    "--new-user",
    metavar="items:A,B,C",
    help="For somebody who is not in training and had these items.",
)
@click.option(
    "--why", is_flag=True, help="Say what speaks for each item: which of those that the user had are like it."
)
@click.option(
    "--columns",
    is_flag=True,
    help="With --why: what each column of an item is worth to its score, with the model itself.",
)
@click.option(
    "--items",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A table of items that came after training, with the columns that the model takes of items.",
)
@click.option("--all", "everybody", is_flag=True, help="For every user of training, with --csv.")
@click.option(
    "--csv",
    "csv_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write users, ranks, items and scores to this file.",
)
@trust_option
@runs_dir_option
@json_option
def command(
    users: tuple[str, ...],
    run: str | None,
    runs_dir: Path,
    csv_path: Path | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Recommend items to USERs, the best of all that a run knows, with a model that retrieves items.

    Every item is scored, and neither TensorFlow nor the model is needed but for --items and --columns, and
    for --new-user of a model that knows users by what they had alone: a run keeps what it knows of users and
    items. Somebody who is not in training gets what is popular, and is told so.

    A dash (-) stands for the users that standard input has, one a line.
    """
    from bigmodel_cli.cli.output import note
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.recommending.catalogue import catalogue_of
    from bigmodel_cli.recommending.recommend import Recommender, Wish
    from bigmodel_cli.run_search import find_run

    _require_one(users, how)
    new_user = None if how["new_user"] is None else _items(how["new_user"])
    if how["everybody"] and csv_path is None:
        raise UsageError("--all is for a file", hint="add --csv FILE")
    if csv_path is not None and (as_json or how["why"]):
        raise UsageError(f"--csv has no room for {'--json' if as_json else '--why'}", hint="give one of both")
    if how["columns"] and (not how["why"] or how["items"] is not None):
        raise UsageError(
            "--columns is for --why, of items that the run knows", hint="add --why, leave out --items"
        )
    folder = find_run(run, runs_dir)
    if run is None:
        note(f"run: {folder.title} (the newest completed one)")
    catalogue = catalogue_of(folder)
    if how["items"] is not None:
        catalogue = _extended(folder, catalogue, how["items"], trust=how["trust"])
    columns = _columns(folder, catalogue, trust=how["trust"]) if how["columns"] else None
    newcomer = None if new_user is None else _newcomer(folder, trust=how["trust"])
    wish = Wish(
        how["top"], how["exclude_seen"], how["where"], csv_path is None, how["why"], columns, newcomer
    )
    answers = _answers(Recommender(catalogue, wish), users, new_user, how)
    if csv_path is not None:
        _write(csv_path, answers, catalogue)
    elif as_json:
        _tell(str(folder.path), answers)
    else:
        _show(answers)


def _require_one(users: tuple[str, ...], how: dict[str, Any]) -> None:
    """Raises:
    UsageError: If nothing is asked, or several things are that are no list of users.
    """
    from bigmodel_cli.errors import UsageError

    given = {
        "USER": bool(users),
        "--similar-to": how["similar_to"] is not None,
        "--new-user": how["new_user"] is not None,
        "--all": how["everybody"],
    }
    asked = [name for name, is_given in given.items() if is_given]
    if not asked:
        raise click.UsageError("Missing argument 'USER...'.")
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} ask for different things", hint="give one of them")


def _extended(folder: RunFolder, catalogue: Catalogue, path: Path, *, trust: bool) -> Catalogue:
    from bigmodel_cli.cli.output import note
    from bigmodel_cli.inference.new_items import item_side, with_new_items
    from bigmodel_cli.inference.opened import open_folder

    opened = open_folder(folder)
    extended = with_new_items(opened, catalogue, path, lambda: item_side(opened, trust=trust))
    for remark in extended.remarks:
        note(remark)
    return extended.catalogue


def _columns(folder: RunFolder, catalogue: Catalogue, *, trust: bool) -> ItemColumns:
    from bigmodel_cli.inference.item_columns import ItemColumns
    from bigmodel_cli.inference.opened import open_folder

    return ItemColumns(open_folder(folder), catalogue.item_column, trust=trust)


def _newcomer(folder: RunFolder, *, trust: bool) -> Newcomer | None:
    from bigmodel_cli.inference.new_users import newcomer_of

    return newcomer_of(folder, trust=trust)


def _answers(
    recommender: Recommender, users: tuple[str, ...], new_user: list[str] | None, how: dict[str, Any]
) -> Iterator[Answer]:
    from bigmodel_cli.cli.words import with_names_from_stdin

    if how["everybody"]:
        return recommender.everybody()
    asked = with_names_from_stdin(users, "users", "bigmodel recommend - < users.txt")
    return recommender.asked_for(asked, how["similar_to"], new_user)


def _items(words: str) -> list[str]:
    """The items that somebody had; quotes enclose one that has a comma."""
    import csv

    from bigmodel_cli.errors import UsageError

    if not words.startswith(_HAD):
        raise UsageError(f"--new-user {words}: expected the items that they had", hint=f"{_HAD}A,B,C")
    try:
        rows = list(csv.reader([words.removeprefix(_HAD)], skipinitialspace=True))
    except csv.Error:
        raise UsageError(
            "--new-user: expected items with commas between them, found an end of a line",
            hint='quotes enclose an item that has one: items:A,"B"',
        ) from None
    return [name.strip() for row in rows for name in row if name.strip()]


def _show(answers: Iterator[Answer]) -> None:
    from bigmodel_cli.cli.output import note, number, one_line

    for place, answer in enumerate(answers):
        head = one_line(answer.name)
        if place:
            click.echo()
        click.echo(f"{head}:")
        width = max((len(one_line(item.name)) for item in answer.items), default=0)
        for rank, item in enumerate(answer.items, 1):
            known = ", ".join(_described(item.columns))
            line = f"{rank:>4}  {one_line(item.name):<{width}}  {number(item.score):>8}  {one_line(known)}"
            click.echo(line.rstrip())
            if item.why is not None:
                click.echo(f"      {one_line(_because(item.why))}")
        for remark in answer.remarks:
            note(f"{head}: {remark}")


def _because(why: Reason) -> str:
    """`like 68646 (0.91), 111161 (0.88); taste 3.2100 and beforehand -5.1000; year +0.1000`."""
    from bigmodel_cli.cli.output import number

    like = ", ".join(f"{name} ({cosine:.2f})" for name, cosine in why.like)
    parts = f"taste {number(why.taste)} and beforehand {number(why.beforehand)}"
    columns = ", ".join(f"{name} {worth:+.4f}" for name, worth in why.columns.items())
    return "; ".join([*([f"like {like}"] if like else []), parts, *([columns] if columns else [])])


def _described(columns: Any) -> Iterator[str]:
    from bigmodel_cli.cut import cut

    for values in [values for values in columns.values() if values][:_MOST_COLUMNS]:
        yield cut("|".join(values), _MOST_LETTERS)


def _tell(run: str, answers: Iterator[Answer]) -> None:
    from bigmodel_cli.cli.output import echo_json_list, json_text

    documents = [json_text(answer.as_json()) for answer in answers]
    echo_json_list({"run": run}, "recommendations", documents)


def _write(path: Path, answers: Iterator[Answer], catalogue: Catalogue) -> None:
    from bigmodel_cli.cli.output import note
    from bigmodel_cli.recommending.as_csv import write_csv

    written = write_csv(path, answers, catalogue)
    if written.remarks:
        note(f"{written.remarks:,} of {written.answers:,} have a remark, in the last column")
    note(f"written: {written.items:,} items for {written.answers:,}, {path}")
