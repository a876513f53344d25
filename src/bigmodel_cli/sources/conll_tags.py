"""The tags of a data set: which scheme they are of, and the same tags as a model has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.conll_reading import Sentence
from bigmodel_cli.spans import (
    OUTSIDE,
    Scheme,
    Written,
    all_tags,
    badly_begun,
    parted,
    recognised,
    spans_of,
    tags_of,
)

_LETTERS: Mapping[Written, str] = {
    "bio": "BI",
    "iob1": "BI",
    "io": "I",
    "bioes": "BIES",
    "bilou": "BILU",
}
_KEPT: Mapping[Written, Scheme] = {"bioes": "bioes", "bilou": "bioes", "words": "words"}


def tags_of_data(
    read: Mapping[Any, Sequence[Sentence]], told: Literal["auto"] | Written, tags: Sequence[str] | None
) -> tuple[Written, Scheme, tuple[str, ...]]:
    """What the tags of all splits are.

    Args:
        read: Sentences by split.
        told: The scheme as the config has it.
        tags: The tags in the order of the outputs, where they are known.

    Returns:
        The scheme as the files have it; as a model has it, where spans may begin nowhere but at B or S; and
        the tags of that.

    Raises:
        DataError: If a tag is none of the scheme's, or all are the same; names the line.
    """
    every = [one for sentences in read.values() for one in sentences]
    for sentence in every:
        _check_spaces(sentence)
    written = _scheme(every) if told == "auto" else told
    scheme = _KEPT.get(written, "bio")
    if written == "words":
        found = tuple(sorted({tag for one in every for tag in one.tags}))
    else:
        for sentence in every:
            _check(sentence, written)
        types = {parted(tag)[1] for one in every for tag in one.tags if tag != OUTSIDE}
        found = all_tags(types, scheme)
    if len(found) < 2:
        raise DataError(
            f"{every[0].path}: every word has the tag {every[0].tags[0]}, so there is nothing to tell apart",
            hint="tag_column says which column has the tags",
        )
    return written, scheme, found if tags is None else tuple(tags)


def _scheme(sentences: Sequence[Sentence]) -> Written:
    """That of most tags: a few that are written wrongly are errors, not another scheme."""
    counts: Counter[str] = Counter(tag for one in sentences for tag in one.tags if tag != OUTSIDE)
    of_spans = {
        tag for tag in counts if parted(tag)[0] in "BIESLU" and len(parted(tag)[0]) == 1 and "-" in tag
    }
    if 2 * sum(counts[tag] for tag in of_spans) < counts.total():
        return "words"
    known = of_spans | {OUTSIDE}
    return recognised([tag if tag in known else OUTSIDE for tag in one.tags] for one in sentences)


def _check_spaces(sentence: Sentence) -> None:
    """Predictions have the tags of a sentence in one cell, with spaces between."""
    for place, tag in enumerate(sentence.tags):
        if any(map(str.isspace, tag)):
            raise DataError(f"{sentence.place(place)}: expected a tag without white space, found {tag!r}")


def _check(sentence: Sentence, written: Written) -> None:
    letters = _LETTERS[written]
    for place, tag in enumerate(sentence.tags):
        letter, type_ = parted(tag)
        if tag != OUTSIDE and (letter not in letters or not letter or not type_):
            known = ", ".join([OUTSIDE, *(f"{one}-TYPE" for one in letters)])
            raise DataError(
                f"{sentence.place(place)}: expected a tag of the scheme {written} ({known}), found {tag!r}",
                hint="scheme says which one it is; words: each tag is of its word alone",
            )


def as_tags(sentence: Sentence, written: Written, mended: Counter[str]) -> Sequence[str]:
    """The tags of a sentence as a model has them.

    Args:
        sentence: It.
        written: The scheme that the file has.
        mended: Counts spans that begin as they should not, by the places of their first words.
    """
    if written == "words":
        return sentence.tags
    if written == "bio":
        mended.update(sentence.place(place) for place in badly_begun(sentence.tags))
    return tags_of(spans_of(sentence.tags), len(sentence.tags), _KEPT.get(written, "bio"))
