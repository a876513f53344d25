"""Files as a source lists them: their headers are read, and those that are none of the kind left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.file_checks import check_files, skipped_sentence, without_bad
from bigmodel_cli.sources.files import Files, FileStore
from bigmodel_cli.sources.listed_files import ListedFiles
from bigmodel_cli.tasks.task import Task


def checked_source(
    root: Path, listed: Mapping[SplitName, ListedFiles], kind: Kind, task: Task, context: LoadContext
) -> Source:
    """The source of files that were listed, once their headers are read.

    Args:
        root: The folder that paths are relative to.
        listed: Files by split.
        kind: How a file becomes an example.
        task: What is predicted.
        context: Says whether bad files are left out; one warning then tells of them.

    Raises:
        DataError: If a file is none of the kind, or too few are left.
    """
    import numpy as np

    paths = tuple(path for part in listed.values() for path in part.paths)
    checked = check_files([root / path for path in paths], kind, context)
    files = Files(root, paths, checked.sizes, checked.modified, kind)
    problems = checked.problems
    splits: dict[SplitName, Examples] = {}
    start = 0
    for split, part in listed.items():
        stop = start + len(part.paths)
        own = {index - start: problem for index, problem in problems.items() if start <= index < stop}
        examples = Examples.of(FileStore(files, np.arange(start, stop)), part.labels)
        examples = replace(examples, beside=part.beside)
        if context.left_out is not None:
            for index, problem in own.items():
                context.left_out(split, part.paths[index], problem)
        splits[split] = without_bad(examples, own, split, dict.fromkeys(examples.targets, task), context)
        start = stop
    if problems and context.left_out is None:
        context.warn(skipped_sentence(list(problems.values()), f"{len(paths):,} files"))
    return Source(splits, Signature.of(kind, task), len(problems))
