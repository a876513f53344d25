"""An audit in a folder: one JSON document, pictures, and a page that shows all of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.audit.audit import Audit
from bigmodel_cli.audit.audited import Audited
from bigmodel_cli.audit.contact_sheet import draw_contact_sheets
from bigmodel_cli.audit.label_problems import LABEL_PROBLEMS
from bigmodel_cli.audit.page import make_page
from bigmodel_cli.audit.rows import page as of_rows
from bigmodel_cli.audit.rows.looked import LookedTable
from bigmodel_cli.errors import UsageError
from bigmodel_cli.figures import write_figure
from bigmodel_cli.inference.label_problems import write_suspects
from bigmodel_cli.whole_files import naming_target, write_json, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOCUMENT, PAGE, AUGMENTATION = "audit.json", "index.html", "augmentation.png"
SUSPECTS = "suspects.csv"
_SHEET_NAME = re.compile(r"examples(-\d+)?\.png")


def check_folder(folder: Path) -> None:
    """Find out before the audit whether it can be written there.

    Raises:
        UsageError: If there is a file of that name.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder}: a file, not a folder")


def write_audit(folder: Path, audit: Audit, *, augmentation: bool) -> None:
    """Write what was found; the files of an earlier audit in the folder are replaced.

    Args:
        folder: Where.
        audit: What was found.
        augmentation: Whether to draw what augmentation does, which starts TensorFlow.

    Raises:
        ResourceError: If it cannot be written.
        ConfigError: If Keras refuses a part of the config.
    """
    audited = audit.audited
    # What Keras may refuse comes before anything is written.
    augmented = _augmentation(audited) if augmentation and isinstance(audited, Audited) else None
    with naming_target(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if old.name in (AUGMENTATION, SUSPECTS) or _SHEET_NAME.fullmatch(old.name):
                old.unlink()
    write_json(folder / DOCUMENT, audit.document)
    if LABEL_PROBLEMS in audit.document:
        write_suspects(folder / SUSPECTS, audit.document[LABEL_PROBLEMS])
    if isinstance(audited, LookedTable):
        write_text(folder / PAGE, of_rows.make_page(audit.document, audited.described))
        return
    pictures = {
        "Examples": _write_sheets(folder, audited),
        "Augmentation": [] if augmented is None else [_write(augmented, folder / AUGMENTATION)],
    }
    write_text(folder / PAGE, make_page(audited, audit.document, pictures))


def _write_sheets(folder: Path, audited: Audited) -> list[bytes]:
    figures = draw_contact_sheets(audited)
    if len(figures) == 1:
        return [_write(figures[0], folder / "examples.png")]
    return [_write(figure, folder / f"examples-{number}.png") for number, figure in enumerate(figures, 1)]


def _augmentation(audited: Audited) -> Figure | None:
    if not audited.experiment.augmentation:
        return None
    from bigmodel_cli.audit.augmentation import draw_augmentation

    return draw_augmentation(audited)


def _write(figure: Figure, path: Path) -> bytes:
    write_figure(figure, path)
    return path.read_bytes()
