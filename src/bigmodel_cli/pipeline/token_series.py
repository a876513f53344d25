"""A text that goes on as subwords: its parts are cut by characters, and taken to pieces one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from bigmodel_cli.errors import DataError
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_folder import TOKENIZER
from bigmodel_cli.signature import INPUT, Signature
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.series import Series
from bigmodel_cli.sources.text_options import examples_of
from bigmodel_cli.vocabulary.asked import kept
from bigmodel_cli.vocabulary.subwords import Subwords
from bigmodel_cli.vocabulary.training import Untrained
from bigmodel_cli.vocabulary.vocabulary import Vocabulary

_WHERE = "the text"


def tokenized_series(splits: Splits, options: SourceOptions, warn: Callable[[str], None]) -> Splits:
    """The splits of a text, whose target is the same one token on, with tokens where characters were.

    Args:
        splits: As they were cut.
        options: Of their source; the tokenizer is noted in them.
        warn: Is told what is not measured.

    Raises:
        DataError: If a tokenizer cannot learn from the training part, or a part is shorter than a window.
    """
    signature = splits.signature
    asked = cast(Untrained, signature.task.vocabulary)
    vocabulary = _trained(splits.parts, asked)
    whole = Signature(
        {name: kind.with_vocabulary(vocabulary) for name, kind in signature.inputs.items()},
        {name: task.with_vocabulary(vocabulary) for name, task in signature.targets.items()},
    )
    noted = splits.looked_at
    if isinstance(vocabulary, Subwords):
        noted = cast(SourceOptions, noted or options).with_tokenizer(
            INPUT, kept(vocabulary.file, vocabulary.sha256)
        )
    parts = {split: _windows(part, split, asked, vocabulary, warn) for split, part in splits.parts.items()}
    return replace(splits, parts=parts, signature=whole, looked_at=noted)


def _trained(parts: Mapping[SplitName, Examples], asked: Untrained) -> Vocabulary:
    train = parts.get("train")
    text = "" if train is None or not asked.asked.learns else asked.decode(_series(train).ids)
    found = asked.trained([text], _WHERE)
    if not isinstance(found, Subwords):
        return found
    if not found.is_exact:
        raise DataError(
            f"{asked.asked.file or _WHERE}: this tokenizer loses something of a text, such as white space, "
            "so that none could be written by it",
            hint="give one whose tokens are bytes (ByteLevel), such as that of GPT-2, or write tokens: "
            "{bpe: {vocabulary_size: 1000}}",
        )
    return found.kept_as(TOKENIZER)


def _windows(
    part: Examples, split: SplitName, asked: Untrained, vocabulary: Vocabulary, warn: Callable[[str], None]
) -> Examples:
    series = _series(part)
    ids = vocabulary.encode(asked.decode(series.ids), _WHERE)
    return examples_of(replace(series, ids=ids), split, vocabulary.unit, f"{_WHERE} ({split})", warn)


def _series(part: Examples) -> Series:
    assert part.series is not None, "a text is cut into parts that go on"
    return part.series
