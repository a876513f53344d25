"""A commented starter config for data that a user points at: what works for it is decided by what is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bigmodel_cli.config.shipped import find_shipped
from bigmodel_cli.errors import UsageError
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.mask_pairs import Folders
from bigmodel_cli.sources.sought_sounds import SOUNDS
from bigmodel_cli.sources.sought_texts import TEXTS
from bigmodel_cli.sources.tables.files import is_table_name
from bigmodel_cli.sources.tables.survey import Survey
from bigmodel_cli.sources.tables.table import Table, open_table
from bigmodel_cli.starter.arrays import arrays_recipe, look_at_arrays
from bigmodel_cli.starter.contents import main_content
from bigmodel_cli.starter.convnet import convnet_recipe
from bigmodel_cli.starter.duration import describe
from bigmodel_cli.starter.folders import files_recipe, is_for_pretrained, look_at_folder
from bigmodel_cli.starter.images import Images
from bigmodel_cli.starter.interactions import interactions_in
from bigmodel_cli.starter.interactions_recipe import interactions_starter
from bigmodel_cli.starter.items_beside import items_beside
from bigmodel_cli.starter.labels import Wanted
from bigmodel_cli.starter.loose_files import file_meant, texts_meant
from bigmodel_cli.starter.masked import find_masks, look_at_masks, masks_starter
from bigmodel_cli.starter.pairs import look_at_pairs, written_from
from bigmodel_cli.starter.pretrained import NoWeights, Pretrained, find_weights
from bigmodel_cli.starter.prose import SUFFIXES, look_at_prose
from bigmodel_cli.starter.questions import is_of_questions, look_at_questions
from bigmodel_cli.starter.row_recipe import rows_recipe
from bigmodel_cli.starter.rows import look_at_rows, survey_rows
from bigmodel_cli.starter.sizes import train_size
from bigmodel_cli.starter.sound_recipe import sounds_recipe
from bigmodel_cli.starter.sound_tables import look_at_sound_table
from bigmodel_cli.starter.sounds import look_at_sounds
from bigmodel_cli.starter.spoken import is_spoken, look_at_spoken
from bigmodel_cli.starter.tables import look_at_table
from bigmodel_cli.starter.tagged import is_tagged, look_at_tagged
from bigmodel_cli.starter.targets import Targets, classes
from bigmodel_cli.starter.text_recipe import texts_recipe
from bigmodel_cli.starter.texts import look_at_text_folder
from bigmodel_cli.starter.writing import Recipe, Written, config_text, own_name, path_from, plain_name

_NUM_DIGITS = 1_797
_NO_IMAGES = NoWeights("no images")


@dataclass(frozen=True)
class Starter:
    """A config as text.

    Attributes:
        text: YAML with comments.
        found: What was seen of the data, in a sentence.
        decisions: What was decided, and why.
        time: About how long training will take, in a sentence.
        better: What would be better, and how to come by it.
    """

    text: str
    found: str
    decisions: Sequence[str] = ()
    time: str | None = None
    better: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "found": self.found,
            "decisions": list(self.decisions),
            "training": self.time,
            "better": self.better,
        }


@dataclass(frozen=True)
class Wishes:
    """What the person asked for.

    Attributes:
        weights: `imagenet`, `none` or a file; None: what is there.
        labels: What labels in an array or a table are; None: what they look like.
        target: The column of a table that is to be predicted; None: the one that looks so.
        offline: Whether no download may be made.
        written_in: The folder that the config will be in, which its paths are relative to.
        warn: Told what is passed over in the data.
        note: Told which file of a folder has its data, and what each column of a table is.
    """

    weights: str | None = None
    labels: Wanted | None = None
    target: str | None = None
    offline: bool = False
    written_in: Path = Path()
    warn: Callable[[str], None] = lambda _message: None
    note: Callable[[str], None] = lambda _message: None

    @property
    def names_weights(self) -> bool:
        """Whether weights are to be used for any images."""
        return self.weights not in (None, "none")


def make_starter(data: Path | None, wishes: Wishes = Wishes()) -> Starter:
    """A starter config.

    Args:
        data: A folder with a folder per class of images, texts or sounds, or with images and masks, or sounds
            and texts, a table (of rows, or of paths of images or sounds and labels), or an .npz, a plain
            text, words with tags, or questions about texts, or a folder with one of these; None for the
            handwritten digits that come with scikit-learn.
        wishes: What the person asked for.

    Raises:
        UsageError: If there is no such file, or it is none of these.
        DataError: If nothing can be written for what is in it; says why.
    """
    if data is not None and data.is_dir() and (file := file_meant(data)) is not None:
        wishes.note(f"{data}: its data are in {file.name}")
        data = file
    is_table = data is not None and is_table_name(data) and not (is_of_questions(data) or is_tagged(data))
    if wishes.target is not None and not is_table:
        raise UsageError("--target names a column of a table, such as a .csv or .parquet file")
    if data is None:
        return _for_digits()
    if data.is_dir():
        return _for_folder(data, wishes)
    if not data.exists():
        raise UsageError(f"{data}: no such file or folder")
    if data.suffix.lower() == ".npz":
        return _for_arrays(data, wishes)
    if is_table:
        return _for_table(data, wishes)
    return _for_texts(data, wishes)


def _for_texts(data: Path, wishes: Wishes) -> Starter:
    if is_of_questions(data):
        asked = look_at_questions(data, wishes.written_in)
        return Starter(asked.text, asked.found, asked.decisions)
    if is_tagged(data):
        tagged = look_at_tagged(data, wishes.written_in)
        return Starter(tagged.text, tagged.found, tagged.decisions)
    if data.suffix.lower() in SUFFIXES:
        return _for_prose([data], plain_name(data), wishes)
    raise UsageError(
        f"{data}: expected a folder of images, texts or sounds, a table (.csv, .parquet, .jsonl), an .npz "
        "file, a text (.txt), tagged words (.conll, .jsonl), or questions about texts (.json)",
        hint="bigmodel list sources shows all sources",
    )


def shipped_starter(word: str, output: Path | None) -> Starter:
    """A config that comes with bigmodel.

    Args:
        word: Its name.
        output: The file that it will be in, which its header names.

    Raises:
        UsageError: If there is none of this name.
    """
    config = find_shipped(word)
    return Starter(config.text_for(str(output or "THIS_FILE")), f"{config.name}: {config.doc}")


def _for_digits() -> Starter:
    recipe = convnet_recipe("digits", (8, 8, 1), train_size(_NUM_DIGITS), is_photograph=False)
    return _starter("digits", recipe, classes(10), "no data given: scikit-learn's handwritten digits")


def _for_folder(folder: Path, wishes: Wishes) -> Starter:
    if is_spoken(folder):
        spoken = look_at_spoken(folder, wishes.written_in, wishes.warn)
        return Starter(spoken.text, spoken.found, spoken.decisions)
    if texts := texts_meant(folder):
        return _for_prose(texts, plain_name(folder.resolve()), wishes)
    content = main_content(folder)
    if content is SOUNDS:
        sounds, found = look_at_sounds(folder, wishes.written_in, wishes.warn)
        return _starter(folder.resolve().name, sounds_recipe(sounds), sounds.targets, found)
    if content is TEXTS:
        seen, found = look_at_text_folder(folder, wishes.written_in, wishes.warn)
        return _starter(folder.resolve().name, texts_recipe(seen), seen.targets, found)
    if (folders := find_masks(folder)) is not None:
        return _for_masks(folders, wishes)
    images, targets, found = look_at_folder(folder, wishes.warn)
    path = path_from(wishes.written_in, folder)
    start = _start(images, wishes)
    recipe = files_recipe(
        lambda size, mode, ratio: _files_source("image_folder", [f"path: {path}"], size, mode, ratio),
        images,
        start,
        asked=wishes.names_weights,
    )
    return _starter(folder.resolve().name, recipe, targets, found, start)


def _for_prose(paths: Sequence[Path], name: str, wishes: Wishes) -> Starter:
    prose = look_at_prose(paths, name, wishes.written_in)
    return Starter(prose.text, prose.found, prose.decisions)


def _for_masks(folders: Folders, wishes: Wishes) -> Starter:
    seen = look_at_masks(folders, LoadContext(warn=wishes.warn))
    start = NoWeights("of grey images") if seen.images.is_grey else _start(seen.images, wishes)
    written = masks_starter(seen, start, wishes.written_in)
    better = start.better if isinstance(start, NoWeights) else None
    return Starter(written.text, written.found, written.decisions, better=better)


def _for_table(table: Path, wishes: Wishes) -> Starter:
    opened = open_table(table)
    sounds = look_at_sound_table(opened, wishes.written_in, wishes.warn, wishes.labels, wishes.target)
    if isinstance(sounds, Written):
        return Starter(sounds.text, sounds.found, sounds.decisions)
    if sounds is not None:
        heard, found = sounds
        return _starter(own_name(table), sounds_recipe(heard), heard.targets, found)
    seen = look_at_table(opened, wishes.written_in, wishes.warn, wishes.labels, wishes.target)
    if seen is None:
        surveyed = survey_rows(opened, wishes.note, wishes.target)
        if written := _of_interactions(opened, surveyed, wishes):
            return Starter(written.text, written.found, written.decisions)
        if columns := written_from(surveyed, wishes.target):
            pairs = look_at_pairs(opened, surveyed, columns, wishes.written_in)
            return Starter(pairs.text, pairs.found, pairs.decisions)
        rows = look_at_rows(opened, surveyed, wishes.written_in, wishes.labels, wishes.target)
        return _starter(own_name(table), rows_recipe(rows), rows.targets, rows.found)
    options = [f"path: {path_from(wishes.written_in, table)}", *seen.options]
    start = _start(seen.images, wishes)
    recipe = files_recipe(
        lambda size, mode, ratio: _files_source("image_csv", options, size, mode, ratio),
        seen.images,
        start,
        asked=wishes.names_weights,
    )
    return _starter(own_name(table), recipe, seen.targets, seen.found, start)


def _of_interactions(table: Table, surveyed: Survey, wishes: Wishes) -> Written | None:
    """The config for who had or rated what; None where the table is of something else."""
    found = interactions_in(table, surveyed, wishes.target) if wishes.labels is None else None
    if found is None:
        return None
    path = table.files[0].path
    items = items_beside(path, found.columns.item, found.items)
    return interactions_starter(found, items, path, wishes.written_in, wishes.target)


def _for_arrays(file: Path, wishes: Wishes) -> Starter:
    seen = look_at_arrays(file, wishes.labels)
    options = [f"path: {path_from(wishes.written_in, file)}", *seen.options]
    is_rgb = seen.features.ndim == 4 and 3 in (seen.features.shape[1], seen.features.shape[3])
    start = (
        find_weights(wishes.weights, offline=wishes.offline, written_in=wishes.written_in)
        if is_rgb or wishes.names_weights
        else _NO_IMAGES
    )
    recipe = arrays_recipe(f"npz: {{{', '.join(options)}}}", seen, start, asked=wishes.names_weights)
    return _starter(own_name(file), recipe, seen.targets, seen.found, start)


def _start(images: Images, wishes: Wishes) -> Pretrained | NoWeights:
    """What a network for images begins with; where they are of no use, nobody looks for weights."""
    if wishes.names_weights or is_for_pretrained(images):
        return find_weights(wishes.weights, offline=wishes.offline, written_in=wishes.written_in)
    return _NO_IMAGES


def _files_source(name: str, options: Sequence[str], size: tuple[int, int], mode: str, ratio: str) -> str:
    format_options = [f"image_size: [{size[0]}, {size[1]}]", f"color_mode: {mode}"]
    if ratio != "stretch":
        format_options.append(f"aspect_ratio: {ratio}")
    return f"{name}: {{{', '.join([*options, *format_options])}}}"


def _starter(
    name: str, recipe: Recipe, targets: Targets, found: str, start: Pretrained | NoWeights = _NO_IMAGES
) -> Starter:
    better = start.better if isinstance(start, NoWeights) else None
    if targets.decision is not None:
        recipe = replace(recipe, decisions=[*recipe.decisions, targets.decision])
    return Starter(
        config_text(name, recipe, targets), found, recipe.decisions, describe(recipe.multiply_adds), better
    )
