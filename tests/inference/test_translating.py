"""Beams find what a plain search finds, by what is kept as by all tokens anew, whatever stands beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.inference.opened import open_folder, reading_of_run
from bigmodel_cli.inference.translating.search import Search, Wanted
from bigmodel_cli.inference.translating.stepping import KeptTexts, WholeTexts, decoder_of
from bigmodel_cli.inference.translating.translator import Translator
from bigmodel_cli.run_folder import RunFolder

pytestmark = pytest.mark.tf
RUN = RunFolder(Path(__file__).resolve().parents[1] / "frozen" / "0.2.0" / "pairs")
TEXTS = ["ab", "cab dad", "dad ab ab", "x", "", "cab dad cab"]
LENGTH, BEGIN, END, NEVER = 13, 2, 3, (0, 1, 2)


@pytest.fixture(scope="module")
def opened():
    return open_folder(RUN)


@pytest.fixture(scope="module")
def model():
    from bigmodel_cli.inference.loading import load_for_inference

    return load_for_inference(RUN, "best")


@pytest.fixture(scope="module")
def ids(opened):
    (kind,) = opened.signature.given.values()
    return kind.tokenized(TEXTS, "texts").ids


def plain(model, text: np.ndarray, wanted: Wanted) -> tuple[list[int], float]:
    """A search by sorted lists; each next token is told from all before it."""

    def scaled(likely: float, tokens: int) -> float:
        return likely / ((5 + tokens) / 6) ** wanted.length_penalty

    beams, done = [([BEGIN], 0.0)], []
    for place in range(LENGTH):
        before = np.zeros((len(beams), LENGTH), np.int32)
        for row, (tokens, _) in enumerate(beams):
            before[row, : len(tokens)] = tokens
        given = {"small": np.repeat(text[None], len(beams), 0), "large_before": before}
        logits = np.asarray(model(given, training=False), np.float64)[:, place]
        likely = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        likely[:, NEVER] = -1e9
        longer = [
            (score + likely[row, token], [*tokens, token])
            for row, (tokens, score) in enumerate(beams)
            for token in range(likely.shape[1])
        ]
        best = sorted(longer, key=lambda one: -one[0])[: 2 * wanted.beams]
        done += [(scaled(score, place + 1), t) for score, t in best[: wanted.beams] if t[-1] == END]
        done = sorted(done, key=lambda one: -one[0])[: wanted.beams]
        beams = [(tokens, score) for score, tokens in best if tokens[-1] != END][: wanted.beams]
        if len(done) == wanted.beams or (done and scaled(beams[0][1], LENGTH) <= done[0][0]):
            break
    score, tokens = done[0] if done else (scaled(beams[0][1], LENGTH), beams[0][0])
    return tokens[1:], score


@pytest.mark.parametrize(("beams", "penalty"), [(1, 0.6), (3, 0.0), (4, 1.5)])
def test_beams_find_what_a_plain_search_finds(model, ids, beams, penalty):
    import tensorflow as tf

    wanted = Wanted(LENGTH, beams, penalty, BEGIN, END, NEVER)
    quick, whole = (
        decoder_of(model, "large_before", LENGTH, are_logits=True),
        WholeTexts(model, "large_before", True),
    )
    assert isinstance(quick, KeptTexts), "what a token needs of those before it is kept"
    expected = [plain(model, text, wanted) for text in ids]
    assert len({len(tokens) for tokens, _ in expected}) > 2, "texts end at different places"
    for decoder in (quick, whole):
        search = Search(decoder, wanted)
        found, scores = tf.function(lambda given, search=search: search(given), autograph=False)(
            {"small": tf.constant(ids)}
        )
        for row, (tokens, score) in enumerate(expected):
            assert found[row].numpy().tolist() == tokens + [0] * (LENGTH - len(tokens))
            assert float(scores[row]) == pytest.approx(score, abs=1e-4)


def test_what_stands_beside_a_text_changes_nothing(model, ids, opened):
    translate = Translator(model, opened.signature, reading_of_run(opened))
    together = translate({"small": ids})
    for row in range(len(ids)):
        alone = translate({"small": ids[row : row + 1]})[0]
        assert alone[1:].tolist() == together[row, 1:].tolist()
        assert alone[0] == pytest.approx(together[row, 0], abs=1e-5)
    more = translate({"small": np.pad(np.tile(ids, (9, 1)), ((0, 0), (0, 11)))})
    np.testing.assert_allclose(more, np.tile(together, (9, 1)), atol=1e-5)


def test_padding_changes_no_output(model, ids):
    before = np.array([[BEGIN, 70, 71], [BEGIN, 0, 0]] * 3, np.int32)
    short = model({"small": ids[:, :11], "large_before": before}, training=False)
    padded = {
        "small": np.pad(ids[:, :11], ((0, 0), (0, 9))),
        "large_before": np.pad(before, ((0, 0), (0, 4))),
    }
    longer = np.asarray(model(padded, training=False))[:, :3]
    counts = before != 0
    np.testing.assert_allclose(longer[counts], np.asarray(short)[counts], atol=1e-5)


def test_a_model_that_looks_at_several_places_computes_them_anew():
    """Of Keras's own attention nobody knows what it keeps."""
    import keras

    keras.utils.set_random_seed(0)
    given, before = (keras.Input((None,), dtype="int32", name=name) for name in ("a", "b_before"))
    embedded = [keras.layers.Embedding(9, 8)(one) for one in (given, before)]
    looked = keras.layers.MultiHeadAttention(2, 4)(embedded[1], embedded[0])
    looked = keras.layers.MultiHeadAttention(2, 4)(looked, looked, use_causal_mask=True)
    model = keras.Model({"a": given, "b_before": before}, keras.layers.Dense(9)(looked))
    assert isinstance(decoder_of(model, "b_before", 6, are_logits=True), WholeTexts)
