"""A table with a column of paths of sounds: what is heard is a class, a number, or what is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.audio.files.names import is_sound_name
from bigmodel_cli.sources.image_csv import LABEL_COLUMNS
from bigmodel_cli.sources.listing import Listing, first_cells, read_listing
from bigmodel_cli.sources.tables.table import Table, open_table
from bigmodel_cli.starter.labels import Wanted
from bigmodel_cli.starter.sizes import train_size
from bigmodel_cli.starter.sounds import SeenSounds, told_of
from bigmodel_cli.starter.split_files import files_beside
from bigmodel_cli.starter.spoken import SeenSpeech, spoken_starter
from bigmodel_cli.starter.tables import column_of, label_column, place_of, targets_in
from bigmodel_cli.starter.targets import Targets, quantity
from bigmodel_cli.starter.writing import Written, path_from, plain_name, quoted

_SOUND_COLUMNS = ("path", "file", "filename", "clip", "audio", "sound", "wav", "recording")
_SAID_COLUMNS = ("transcript", "transcription", "text", "sentence", "said", "words")


def look_at_sound_table(
    opened: Table,
    written_in: Path,
    warn: Callable[[str], None],
    labels_are: Wanted | None = None,
    target: str | None = None,
) -> tuple[SeenSounds, str] | Written | None:
    """What is in a table of sounds, with a sentence, or the whole config; None where it lists none.

    Args:
        opened: It.
        written_in: The folder of the config.
        warn: Told what may not be meant.
        labels_are: What the person says of the labels.
        target: The column that they stand in; None: the one that looks so.

    Raises:
        DataError: If it is not clear which column is predicted, or files are not there.
    """
    if opened.format is None or not (cells := first_cells(opened)):
        return None
    if place_of(opened.names, cells, _SOUND_COLUMNS, is_sound_name) is None:
        return None
    path = opened.files[0].path
    table = read_listing(path)
    every = [column_of(table, place) for place in range(len(table.columns))]
    sound = place_of(table.columns, every, _SOUND_COLUMNS, is_sound_name)
    if sound is None:
        return None
    names = (*LABEL_COLUMNS, *_SAID_COLUMNS)
    label = label_column(table, [sound], target, names, "sounds")
    files = _files(table, sound)
    splits = files_beside(path, lambda other: open_table(other).names == opened.names)
    num_train = train_size(len(files), len(splits))
    written = {option: path_from(written_in, one) for option, one in {"path": path, **splits}.items()}
    source = _Source(written, table.columns, table.columns[sound], table.columns[label])
    left = [name for place, name in enumerate(table.columns) if place not in (sound, label)]
    beside = f"Columns that are left out: {', '.join(left)}: the model hears the sounds alone."
    decisions = [beside] if left else []
    labels = column_of(table, label)
    if _is_said(labels, labels_are):
        spoken = list(zip(files, labels, strict=True))
        return spoken_starter(SeenSpeech.of(source.spoken, spoken, num_train, plain_name(path), decisions))
    targets = _targets(table, label, warn, labels_are)
    kind = "category" if targets.kind == "classes" else "number"
    seen, about = told_of(
        files,
        lambda taken: "\n    ".join(source.lines(kind, taken)),
        num_train,
        targets,
        decisions,
        source.sound,
    )
    return seen, f"a table of {about}, {targets.described} in the column {source.target}"


@dataclass(frozen=True)
class _Source:
    """The data source.

    Attributes:
        files: The table's, as YAML, by the option that names them.
        columns: All of its columns.
        sound, target: Those that are used.
    """

    files: Mapping[str, str]
    columns: Sequence[str]
    sound: str
    target: str

    def spoken(self, taken: str, heard: str) -> list[str]:
        """It as YAML where the target is what is said, for options of the sound and of this."""
        return self.lines(f"{{transcript: {{{heard}}}}}", taken)

    def lines(self, kind: str, taken: str) -> list[str]:
        """It as YAML.

        Args:
            kind: What the target is.
            taken: Options that say what is taken of a sound.
        """
        kinds = dict.fromkeys(self.columns, "ignore")
        kinds |= {self.sound: f"{{audio: {{{taken}}}}}", self.target: kind}
        options = {**self.files, "target": quoted(self.target)}
        return [
            "table:",
            *(f"  {option}: {value}" for option, value in options.items()),
            "  columns:",
            *(f"    {quoted(name)}: {is_}" for name, is_ in kinds.items()),
        ]


def _files(table: Listing, sound: int) -> list[Path]:
    """The sounds.

    Raises:
        DataError: If the first one is not there.
    """
    own = table.path.parent
    files = [own / row.cells[sound].replace("\\", "/") for row in table.rows]
    if not files[0].is_file():
        raise DataError(
            f"{table.path}:{table.rows[0].line}: {files[0]}: no such file",
            hint="paths in the table are relative to its folder",
        )
    return files


def _is_said(cells: list[str], labels_are: Wanted | None) -> bool:
    """Whether texts are no classes: of words, and hardly one is there twice."""
    if labels_are is not None:
        return False
    return 2 * len(set(cells)) > len(cells) and 2 * sum(" " in cell for cell in cells) > len(cells)


def _targets(table: Listing, label: int, warn: Callable[[str], None], labels_are: Wanted | None) -> Targets:
    """What the labels are; of numbers the source knows the scale."""
    found = targets_in(table, label, warn, labels_are)
    return found if found.kind == "classes" else quantity()
