"""Python files of the user's own, kept with what workers train: editing one meanwhile changes no run."""

from __future__ import annotations

from pathlib import Path

from bigmodel_cli.config.own_code.files import Code
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.whole_files import write_text


def with_shipped_code(experiment: Experiment, code: Code, folder: Path) -> Experiment:
    """A config that names copies of its files, as they were read.

    Args:
        experiment: It.
        code: Its files.
        folder: Where copies are kept.
    """
    if not code.files:
        return experiment
    copies = [folder.absolute() / file.named.name for file in code.files]
    for file, copy in zip(code.files, copies, strict=True):
        if not copy.exists() or copy.read_text("utf-8") != file.text:
            write_text(copy, file.text)
    return experiment.model_copy(update={"code": copies})
