"""Answers of a model that has to point at a word, of a text that has one or none."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.kinds.cells import Held
from bigmodel_cli.scoring.rule import AS_IT_IS
from bigmodel_cli.tasks.predictions import Asked
from bigmodel_cli.tasks.question_answering.predictions import NO_ANSWER, QuestionAnsweringPredictions
from bigmodel_cli.tasks.question_answering.task import QuestionAnswering


@pytest.mark.parametrize(("text", "says"), [(" \n", NO_ANSWER), ("yes", "yes")])
@pytest.mark.parametrize("may_lack", [False, True])
def test_a_text_without_a_word_has_no_answer(text, says, may_lack):
    predictions = QuestionAnsweringPredictions(QuestionAnswering(4, 2, 3, may_lack, "context", "question"))
    asked = Asked([None], {"context": Held(np.zeros((1, 4), np.int32), (), [text])})
    (answer,) = predictions.answers_to(
        asked, np.array([[0, 0, 0.9, 0.1]]), Reading(None, are_probabilities=True), AS_IT_IS
    )
    assert answer.line(1) == says
    assert ("start" in answer.as_json(1)) == (says == "yes")
