"""What looking up words leaves of texts is said: lengths, what is cut, what is unknown."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.kinds.text.kind import TextKind
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import CodedStore
from bigmodel_cli.tasks.classification.task import Classification

pytestmark = pytest.mark.tf


def of_texts(*texts: str) -> Examples:
    store = CodedStore(np.arange(len(texts), dtype=np.int32), texts, "t")
    return Examples({"my text": store}, {"label": np.zeros(len(texts), np.int64)})


@pytest.fixture
def said():
    import keras

    from bigmodel_cli.training.texts_cut import describe_texts

    signature = Signature({"my text": TextKind()}, {"label": Classification(("a", "b"))})
    train = of_texts("a b c", "a b", "a", "a b c d e f")
    splits = Splits({"train": train, "validation": of_texts("a b x y", "")}, {}, signature)

    def describe(**options):
        text = keras.Input((), dtype="string", name=signature.slugs["my text"])
        layer = keras.layers.TextVectorization(name="words", **options)
        layer.adapt(list(train.inputs["my text"].names))
        return list(describe_texts(keras.Model(text, layer(text)), splits))

    return describe


def test_texts_that_are_cut_are_counted(said):
    assert said(output_sequence_length=2) == [
        "words: 6 tokens are known; texts have 3 on average, and 50% more than 2, where they are cut (one of "
        "them has 6); 50% of those of validation are unknown"
    ]
    assert said(output_sequence_length=6, max_tokens=4) == [
        "words: 2 tokens are known; texts have 3 on average, none more than 6; 50% of those of validation "
        "are unknown"
    ]
    # Pairs come behind words: a, b, x, y, a b, b x, x y, of which b x, x y, x, y are unknown.
    assert said(ngrams=2, output_mode="tf_idf") == [
        "words: 11 tokens are known; texts have 5 on average; 57% of those of validation are unknown"
    ]


def test_books_are_not_all_taken_to_pieces(said, monkeypatch):
    from bigmodel_cli.training import texts_cut

    monkeypatch.setattr(texts_cut, "_BYTES", 4)
    # The first text, of three words.
    assert said() == [
        "words: 6 tokens are known; texts have 3 on average; 50% of those of validation are unknown"
    ]
    monkeypatch.setattr(texts_cut, "_BYTES", 7)
    assert said() == [
        "words: 6 tokens are known; texts have 2 on average; 50% of those of validation are unknown"
    ]


def test_what_numpy_does_not_compute_is_passed_over(said):
    import tensorflow as tf

    assert said(standardize=tf.strings.lower) == []
