"""The figures of answers: how near they are to what is right, by how questions begin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.cut import cut
from bigmodel_cli.figures import BLUE, new_figure, tidy
from bigmodel_cli.tasks.figures import Caption, Cells, Figures, Plot
from bigmodel_cli.tasks.question_answering.sought import listed
from bigmodel_cli.tasks.question_answering.task import NONE, QuestionAnswering

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Beginnings that a figure has room for, and letters of a caption.
_MOST, _SHOWN = 12, 40


class QuestionAnsweringFigures(Figures[QuestionAnswering]):
    """What is drawn of answers."""

    def plots(self, cells: Cells, evaluation: Mapping[str, Any], title: str) -> Iterator[Plot]:
        rows = {one: row for row, one in enumerate(cells("id"))}.values()
        questions, near = cells("question"), cells("answer_f1")
        asked, scores = [questions[row] for row in rows], [float(near[row]) for row in rows]
        yield Plot(
            "by_question", lambda: draw_by_beginning(asked, scores, title), "F1 by how questions begin"
        )

    def different(self, labels: np.ndarray, count: int) -> np.ndarray:
        """Examples by where their answers begin."""
        places = np.linspace(0, len(labels) - 1, count).astype(np.int64)
        return np.sort(np.argsort(labels[:, 0], kind="stable")[places])

    def caption(self, label: Any, mixed: Any) -> Caption:
        first, last = np.ravel(label).tolist()
        return Caption("no answer" if first == NONE else f"words {first} to {last}")

    def of_sample(self, sample: Mapping[str, Any]) -> Caption:
        said = cut(sample["prediction"], _SHOWN) or "no answer"
        return Caption(said, f"is {cut(listed(sample['label']), _SHOWN)}")


def draw_by_beginning(questions: Sequence[str], scores: Sequence[float], title: str) -> Figure:
    """Mean F1 of questions that begin with the same word: when, who, how.

    Args:
        questions: Their texts.
        scores: F1 of each.
        title: Above it.
    """
    firsts = np.array([(question.lower().split() or [""])[0] for question in questions])
    most = [word for word, _ in Counter(firsts.tolist()).most_common(_MOST)]
    near = np.array(scores)
    figure = new_figure(7, 1.2 + 0.35 * max(1, len(most)))
    axes = figure.subplots()
    axes.barh(range(len(most)), [float(near[firsts == word].mean()) for word in most], color=BLUE)
    axes.set_yticks(
        range(len(most)), [f"{cut(word, 20) or '…'} ({int((firsts == word).sum()):,})" for word in most]
    )
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("mean F1")
    tidy(axes, title)
    return figure
