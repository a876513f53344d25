"""Questions about texts become examples: a question with a window of its text, and the answer's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.signature import TARGET
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.sources.beside import coded
from bigmodel_cli.sources.squad_reading import Given, Paragraph, Question
from bigmodel_cli.sources.stores import CodedStore
from bigmodel_cli.sources.window_store import WindowStore
from bigmodel_cli.tasks.question_answering.sought import Context, Sought
from bigmodel_cli.tasks.question_answering.task import NONE, QuestionAnswering
from bigmodel_cli.words import parts_in, window_starts

if TYPE_CHECKING:
    import numpy as np

# The columns of an example, and what it can be grouped by.
QUESTION, CONTEXT = "question", "context"
ARTICLE, PARAGRAPH, ID = "article", "paragraph", "id"
# Groups that are enough for three splits.
_ENOUGH = 3


@dataclass(frozen=True, eq=False)
class Words:
    """The different words of all splits.

    Attributes:
        place_of: Of each its place among them.
    """

    place_of: Mapping[str, int]

    @classmethod
    def of(cls, paragraphs: Sequence[Paragraph]) -> Words:
        place_of: dict[str, int] = {}
        for paragraph in paragraphs:
            for text in (paragraph.text, *(one.text for one in paragraph.questions)):
                for word in parts_in(text):
                    place_of.setdefault(word.text, len(place_of))
        return cls(place_of)

    def coded(self, text: str) -> list[int]:
        return [self.place_of[word.text] for word in parts_in(text)]


@dataclass(frozen=True)
class _Window:
    """An example.

    Attributes:
        paragraph: Its number.
        question: What is asked.
        sought: What scores know of it.
    """

    paragraph: int
    question: Question
    sought: Sought


def examples_of(
    split: SplitName,
    paragraphs: Sequence[Paragraph],
    words: Words,
    task: QuestionAnswering,
    question_length: int,
    warn: Callable[[str], None],
) -> Examples:
    """A split, in which each question comes with each window of its text.

    Args:
        split: Its name.
        paragraphs: The texts.
        words: Of all splits.
        task: How windows are made.
        question_length: Words of a question that are looked at.
        warn: Is told what is cut, and which answers are not found as they are.
    """
    import numpy as np

    contexts = [_context(one.text) for one in paragraphs]
    remarks = _Remarks(split, task)
    windows = [
        window
        for number, paragraph in enumerate(paragraphs)
        for question in paragraph.questions
        for window in _windows(number, question, contexts[number], task, remarks)
    ]
    remarks.say(warn)
    # Where the words of each text begin among those of all.
    begins = np.cumsum([0, *(len(one.places) for one in contexts)])
    firsts = np.array([one.sought.first for one in windows], np.int64)
    of_text = np.array([one.paragraph for one in windows], np.int64)
    counts = np.array([len(one.places) for one in contexts], np.int64)[of_text] - firsts
    names = [_called(paragraphs[one.paragraph].path, one) for one in windows]
    context = WindowStore(
        np.array([place for one in paragraphs for place in words.coded(one.text)], np.int32),
        begins[of_text] + firsts,
        np.minimum(counts, task.length),
        task.length,
        tuple(words.place_of),
        names,
        np.arange(len(windows)),
    )
    question = _NamedStore(
        _questions(windows, words, question_length), tuple(words.place_of), split, examples=names
    )
    sought = np.empty(len(windows), object)
    sought[:] = [one.sought for one in windows]
    beside = {
        ARTICLE: [paragraphs[one.paragraph].title for one in windows],
        PARAGRAPH: [str(one.paragraph + 1) for one in windows],
        ID: [one.question.id for one in windows],
    }

    def where(rows: Sequence[int]) -> list[tuple[Path, str]]:
        return [(paragraphs[windows[row].paragraph].path, f":{windows[row].question.id}") for row in rows]

    return Examples(
        {QUESTION: question, CONTEXT: context},
        {TARGET: np.array([one.sought.place for one in windows], np.int64)},
        {name: coded(texts, split) for name, texts in beside.items()},
        places=where,
        sought={TARGET: sought},
    )


@dataclass(frozen=True, eq=False)
class _NamedStore(CodedStore):
    """Questions in memory, called by their ids."""

    examples: Sequence[str] = ()

    def name(self, index: int) -> str:
        return self.examples[index if self.positions is None else int(self.positions[index])]


def _called(path: Path, window: _Window) -> str:
    """`train.json:56be85` of a question, and of its further windows where they begin."""
    first = window.sought.first
    return f"{path}:{window.question.id}" + (f" from word {first + 1}" if first else "")


def _context(text: str) -> Context:
    import numpy as np

    ends = [(word.start, word.start + len(word.text)) for word in parts_in(text)]
    return Context(text, np.array(ends, np.int32).reshape(-1, 2))


def _questions(windows: Sequence[_Window], words: Words, length: int) -> np.ndarray:
    import numpy as np

    places = np.full((len(windows), length), len(words.place_of), np.int32)
    for row, window in enumerate(windows):
        own = words.coded(window.question.text)[:length]
        places[row, : len(own)] = own
    return places


def _windows(
    number: int, question: Question, context: Context, task: QuestionAnswering, remarks: _Remarks
) -> Iterator[_Window]:
    """A question with each window; where the answer is not in one as a whole, that one has none."""
    where = None if not question.answers else words_of(question.answers[0], context)
    remarks.take(question, where, context)
    for first in window_starts(len(context.places), task.length, task.stride):
        place = (NONE, NONE)
        if where is not None and first <= where[0] and where[1] < first + task.length:
            place = (where[0] - first + NONE + 1, where[1] - first + NONE + 1)
        answers = tuple(one.text for one in question.answers)
        yield _Window(number, question, Sought(question.id, question.text, answers, context, first, place))


def words_of(answer: Given, context: Context) -> tuple[int, int]:
    """The first and the last word of which an answer has a part."""
    import numpy as np

    first = int(np.searchsorted(context.places[:, 1], answer.start, side="right"))
    last = int(np.searchsorted(context.places[:, 0], answer.start + len(answer.text), side="left")) - 1
    return first, max(first, last)


class _Remarks:
    """Counts answers that targets do not say as they are: each of a split is told once, with the first."""

    def __init__(self, split: SplitName, task: QuestionAnswering) -> None:
        self._split, self._task = split, task
        self._inside: list[str] = []
        self._long: list[str] = []
        self._total = 0

    def take(self, question: Question, where: tuple[int, int] | None, context: Context) -> None:
        if where is None:
            return
        self._total += 1
        told, answer = context.part(*where), question.answers[0].text
        if told != answer.strip():
            self._inside.append(f"{question.id}: {answer!r} in {told!r}")
        if where[1] - where[0] >= self._task.longest:
            self._long.append(question.id)

    def say(self, warn: Callable[[str], None]) -> None:
        if self._inside:
            warn(
                f"{self._split}: {len(self._inside):,} of {self._total:,} answers begin or end inside of a "
                f"word, and are learned with the whole of it, the first one {self._inside[0]}"
            )
        if self._long:
            warn(
                f"{self._split}: {len(self._long):,} of {self._total:,} answers have more than "
                f"{self._task.longest} words and signs, and are not found as a whole, the first one "
                f"{self._long[0]} (longest_answer)"
            )


def grouped_by(paragraphs: Sequence[Paragraph]) -> str:
    """What splits keep together: articles where there are several, else texts, else windows of a question."""
    if len({one.title for one in paragraphs}) >= _ENOUGH:
        return ARTICLE
    return PARAGRAPH if len(paragraphs) >= _ENOUGH else ID
