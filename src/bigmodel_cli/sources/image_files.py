"""Image files as a source lists them: their headers are read, and those that are none left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.files import Files, FileStore
from bigmodel_cli.sources.image_checks import bits_of_images, check_images, skipped_sentence, without_bad
from bigmodel_cli.sources.listed_files import ListedFiles
from bigmodel_cli.tasks.task import Task


def checked_source(
    root: Path, listed: Mapping[SplitName, ListedFiles], kind: ImageKind, task: Task, context: LoadContext
) -> Source:
    """The source of files that were listed, once their headers are read.

    Args:
        root: The folder that paths are relative to.
        listed: Files by split.
        kind: How a file becomes an example.
        task: What is predicted.
        context: Says whether bad files are left out; one warning then tells of them.

    Raises:
        DataError: If a file is no image, or too few are left.
    """
    import numpy as np

    paths = tuple(path for part in listed.values() for path in part.paths)
    checked = check_images([root / path for path in paths], context)
    _warn_of_depth([root / paths[index] for index in checked.deep], kind.format, context)
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


def _warn_of_depth(deep: Sequence[Path], image_format: ImageFormat, context: LoadContext) -> None:
    """Say where 16-bit images use fewer bits than are taken, and so are dark, or more, and so are cut off."""
    bits = bits_of_images(deep) if deep else image_format.bit_depth
    asked = image_format.bit_depth
    # Dark photographs leave a bit or two of what there is unused.
    if asked - 2 <= bits <= asked:
        return
    # Cameras and scanners have 10, 12, 14 or 16.
    right = next(depth for depth in (8, 10, 12, 14, 16) if depth >= bits)
    how = "look nearly black" if bits < asked else "are cut off where they are bright"
    context.warn(
        f"{len(deep):,} images have 16 bits per pixel and use {bits} of them: with bit_depth: {asked} they "
        f"{how}, for example {deep[0]}; bit_depth: {right} takes them as they are"
    )
