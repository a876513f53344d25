"""Checks of many files before training begins, and what is left where bad ones are left out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.read import Read
from bigmodel_cli.parts import part_of
from bigmodel_cli.sources.base import Examples, LoadContext, SplitName
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np

_CHECK_THREADS = 8
# Files that a thread checks before it asks for more: handing each one over would take longer than its check.
_GROUP = 500
SKIP_HINT = "data.on_bad_file=skip leaves such files out"

Progress = Callable[[str, int, int | None], None]
Found = TypeVar("Found")


@dataclass(frozen=True)
class CheckedFiles:
    """What is known of files whose headers were read.

    Attributes:
        sizes: int64 bytes of shape (n,); 0 for those with a problem.
        modified: int64 times of the last change in nanoseconds, of shape (n,); 0 for those with a problem.
        problems: What is wrong with those that are left out, by their place.
    """

    sizes: np.ndarray
    modified: np.ndarray
    problems: Mapping[int, DataError]


class _Header(NamedTuple):
    """What the header of a file says, and the system of the file."""

    status: os.stat_result
    told: Any


def check_files(paths: Sequence[Path], kind: Kind, context: LoadContext) -> CheckedFiles:
    """Read the headers of many files: a corrupt one is named before training begins, not hours later.

    A file that breaks off after its header is only found when it is decoded. What a user should know of the
    others is a warning.

    Args:
        paths: The files.
        kind: What each of them holds.
        context: Says whether bad files are left out.

    Raises:
        DataError: Names the first file that is none of the kind, and says how many more there are; where bad
            files are not skipped. Also if what reads such files is not installed.
    """
    import numpy as np

    sizes, modified = np.zeros(len(paths), np.int64), np.zeros(len(paths), np.int64)
    problems: dict[int, DataError] = {}
    remembered: dict[int, Any] = {}
    reader = part_of(kind, Read)
    reader.decoder()

    def check(index: int) -> _Header | DataError:
        try:
            told = reader.look(paths[index])
            return _Header(paths[index].stat(), told)
        except DataError as error:
            return error

    found = of_each(check, len(paths), f"checking {kind.plural}", context.progress, _CHECK_THREADS)
    for index, result in enumerate(found):
        if isinstance(result, DataError):
            problems[index] = result
        else:
            sizes[index], modified[index] = result.status.st_size, result.status.st_mtime_ns
            remembered[index] = result.told
    if problems and not context.skip_bad_files:
        raise first_of(list(problems.values()), len(paths))
    for remark in reader.remarks([paths[index] for index in remembered], list(remembered.values())):
        context.warn(remark)
    return CheckedFiles(sizes, modified, problems)


def check_decoding(examples: Examples, label: str, progress: Progress) -> Mapping[int, DataError]:
    """Read all examples once.

    Returns:
        What is wrong with those that cannot be read, by their index.
    """

    def check(index: int) -> DataError | None:
        try:
            examples.read(index)
        except DataError as error:
            return error
        return None

    found = enumerate(of_each(check, len(examples), label, progress, os.cpu_count() or 1))
    return {index: problem for index, problem in found if problem is not None}


def of_each(
    check: Callable[[int], Found], count: int, label: str, progress: Progress, num_threads: int
) -> Iterator[Found]:
    """What a check says of each index, in order.

    Args:
        check: Called with an index, in any thread.
        count: How many there are.
        label: What is done, for `progress`.
        progress: Told how many are done.
        num_threads: How many checks run at once.
    """

    def check_group(start: int) -> list[Found]:
        return [check(index) for index in range(start, min(start + _GROUP, count))]

    done = 0
    with ThreadPoolExecutor(num_threads, thread_name_prefix="check") as threads:
        for group in threads.map(check_group, range(0, count, _GROUP)):
            yield from group
            done += len(group)
            progress(label, done, count)


def first_of(problems: Sequence[DataError], total: int) -> DataError:
    """The first problem as the error for all of them, of files of which there are `total`."""
    first, *others = problems
    more = f" ({len(others):,} more of {total:,} files are no good either)" if others else ""
    hint = f"{first.hint or 'repair it, or remove it'}; {SKIP_HINT}"
    return DataError(f"{first.message}{more}", hint=hint)


def skipped_sentence(problems: Sequence[DataError], of: str) -> str:
    """How many files were left out, and the first of them."""
    return f"skipped {len(problems):,} of {of} that cannot be read, the first: {problems[0].message}"


def without_bad(
    examples: Examples,
    problems: Mapping[int, DataError],
    split: SplitName,
    tasks: Mapping[str, Task],
    context: LoadContext,
) -> Examples:
    """The examples that are left where some cannot be read.

    Args:
        examples: All of a split.
        problems: What is wrong with some of them, by index.
        split: Its name.
        tasks: Say what labels are lost, by target.
        context: Is told of a split that lost a class, where that is no error.

    Raises:
        DataError: If none is left, or the training split lost a class.
    """
    import numpy as np

    if not problems:
        return examples
    bad = np.array(sorted(problems))
    if len(bad) == len(examples):
        first = problems[0]
        raise DataError(
            f"none of the {len(bad):,} files of the {split} split can be read, the first: {first.message}",
            hint=first.hint,
        )
    left = examples.take(np.setdiff1d(np.arange(len(examples)), bad))
    for target, label, called in _lost(tasks, examples, left):
        if split != "train" or context.for_evaluation:
            context.warn(f"{split} has no example of {called} that can be read")
            continue
        lost = bad[np.isin(bad, examples.rows_of(target))]
        of_bad = examples.targets[target][lost]
        has = of_bad == label if of_bad.ndim == 1 else of_bad[:, label] == 1
        first = problems[int(lost[has][0])]
        raise DataError(
            f"no file of the class {called} in the train split can be read, the first: {first.message}",
            hint=first.hint or "repair the files, or remove the class",
        )
    return left


def _lost(tasks: Mapping[str, Task], before: Examples, after: Examples) -> Iterator[tuple[str, int, str]]:
    """Labels that no example has any more: the target, the label, and what people call it."""
    for target, task in tasks.items():
        for label, called in task.lost(before.labels_of(target), after.labels_of(target)).items():
            yield target, label, called
