"""Files of questions about texts, as SQuAD has them (Rajpurkar et al. 2016, 2018)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.cut import cut, some
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.plain_text import file_text


@dataclass(frozen=True)
class Given:
    """An answer as the file has it.

    Attributes:
        text: It.
        start: Its first character in the text that it is from.
    """

    text: str
    start: int


@dataclass(frozen=True)
class Question:
    """A question about a text.

    Attributes:
        id: What the file calls it, else where it stands there.
        text: It.
        answers: All that are right; none where the text has none.
    """

    id: str
    text: str
    answers: Sequence[Given]


@dataclass(frozen=True)
class Paragraph:
    """A text with its questions.

    Attributes:
        title: Of the article that it is from.
        text: It.
        questions: About it.
        path: The file.
    """

    title: str
    text: str
    questions: Sequence[Question]
    path: Path


def read_paragraphs(path: Path, encoding: str | None) -> list[Paragraph]:
    """The texts of a file.

    Raises:
        DataError: If it is no such file, an answer does not stand where the file says, or two questions have
            one id; names the place in the file.
    """
    text = file_text(path, encoding)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise DataError(f"{path}: expected JSON: {error}") from None
    seen: set[str] = set()
    found = list(_paragraphs(_Part(document, str(path)), path, seen))
    if not seen:
        raise DataError(f"{path}: no question in it")
    return found


@dataclass(frozen=True)
class _Part:
    """A part of the document, and where it stands."""

    value: Any
    place: str

    def __getitem__(self, key: str) -> _Part:
        if not isinstance(self.value, Mapping) or key not in self.value:
            found = some(self.value, 8) if isinstance(self.value, Mapping) else _sort(self.value)
            raise DataError(f"{self.place}: expected an object with {key!r}, found {found}", hint=_HINT)
        return _Part(self.value[key], f"{self.place}, {key}")

    def get(self, key: str) -> Any:
        return self.value.get(key) if isinstance(self.value, Mapping) else None

    def items(self) -> Iterator[_Part]:
        if not isinstance(self.value, list):
            raise DataError(f"{self.place}: expected a list, found {_sort(self.value)}", hint=_HINT)
        for number, item in enumerate(self.value, 1):
            yield _Part(item, f"{self.place} {number}")

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise DataError(f"{self.place}: expected a text, found {_sort(self.value)}")
        return self.value


_HINT = (
    "expected SQuAD's layout: data, paragraphs, context and qas, question and answers, text and answer_start"
)


def _sort(value: Any) -> str:
    if isinstance(value, str):
        return repr(cut(value, 40))
    return "nothing" if value is None else f"a {type(value).__name__}"


def _paragraphs(document: _Part, path: Path, seen: set[str]) -> Iterator[Paragraph]:
    for article in document["data"].items():
        title = article.get("title")
        title = title if isinstance(title, str) and title else article.place.rpartition(", ")[2]
        for part in article["paragraphs"].items():
            text = part["context"].text()
            questions = [_question(one, text, seen) for one in part["qas"].items()]
            yield Paragraph(title, text, questions, path)


def _question(part: _Part, text: str, seen: set[str]) -> Question:
    given = part.get("id")
    name = str(given) if isinstance(given, str | int) and str(given) else part.place.partition(", ")[2]
    if name in seen:
        raise DataError(f"{part.place}: another question has the id {name!r}, too")
    seen.add(name)
    has_none = part.get("is_impossible") is True
    answers = [] if has_none else list(_answers(part["answers"], text))
    if not answers and not has_none and "is_impossible" not in part.value:
        raise DataError(
            f"{part.place}: no answer, and nothing says that there is none",
            hint="SQuAD 2.0 writes is_impossible: true for such questions",
        )
    return Question(name, part["question"].text().strip(), answers)


def _answers(part: _Part, text: str) -> Iterator[Given]:
    for one in part.items():
        answer, start = one["text"].text(), one["answer_start"].value
        if isinstance(start, bool) or not isinstance(start, int) or start < 0:
            raise DataError(f"{one.place}: expected answer_start as a whole number from 0, found {start!r}")
        if text[start : start + len(answer)] != answer:
            there = cut(text[start : start + len(answer)], 40)
            raise DataError(
                f"{one.place}: the answer {cut(answer, 40)!r} does not begin at character {start} of its "
                f"text; there stands {there!r}",
                hint="answer_start counts characters from 0, not bytes",
            )
        yield Given(answer, start)
