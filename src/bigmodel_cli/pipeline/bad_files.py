"""`data.on_bad_file: skip`: bad files are left out of what is evaluated, and replaced while training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bigmodel_cli.errors import DataError
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import Examples, LoadContext, SplitName
from bigmodel_cli.sources.file_checks import check_decoding, skipped_sentence, without_bad

# Warnings name so many files; after them only the count at the end tells.
NAMED = 5


class SkippedFiles:
    """Training files that turned out to be bad while they were needed; each is told of once.

    Args:
        warn: Called with a sentence for each of the first ones, and with their number at the end.

    Attributes:
        names: What they are called, in the order of their discovery.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self.names: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self.names)

    def add(self, name: str, problem: DataError) -> None:
        """Take note of a file."""
        if name in self.names:
            return
        self.names[name] = None
        if len(self) <= NAMED:
            more = "; more of them are only counted" if len(self) == NAMED else ""
            self._warn(f"skipped a training file that cannot be read: {problem.message}{more}")

    def close(self) -> None:
        """Tell how many there were, where not all were named."""
        if len(self) > NAMED:
            self._warn(f"skipped {len(self):,} training files that cannot be read")


def leave_out_broken(
    splits: Splits,
    names: Sequence[SplitName],
    progress: Callable[[str, int, int | None], None],
    warn: Callable[[str], None],
) -> Splits:
    """The splits without the files of these that cannot be decoded: each file of them is read once.

    Args:
        splits: As they were cut.
        names: Which of them are decoded; those that are in memory need it not.
        progress: Called with a label, the files done, and their total.
        warn: Told of what is left out.

    Raises:
        DataError: If too few are left.
    """
    parts: dict[SplitName, Examples] = dict(splits.parts)
    num_skipped = dict(splits.num_skipped)
    for name in names:
        part = parts.get(name)
        if part is None or all(store.array is not None for store in part.inputs.values()):
            continue
        problems = check_decoding(part, f"decoding the {name} split", progress)
        parts[name] = without_bad(part, problems, name, splits.signature.targets, LoadContext(warn=warn))
        if problems:
            warn(skipped_sentence(list(problems.values()), f"{len(part):,} {name} files"))
            num_skipped[name] = len(problems)
    return replace(splits, parts=parts, num_skipped=num_skipped)
