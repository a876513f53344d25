"""Where the tokens of translations look: as NumPy computes it anew, and how it is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.explaining.attention import AttentionExplainer
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.sources.stores import ArrayStore

pytestmark = pytest.mark.tf
FROZEN = Path(__file__).resolve().parents[1] / "frozen" / "0.2.0"
TEXT = "cab dad"


@pytest.fixture(scope="module")
def opened():
    return open_folder(RunFolder(FROZEN / "pairs"))


@pytest.fixture(scope="module")
def ids(opened):
    (kind,) = opened.signature.given.values()
    return kind.tokenized([TEXT], "texts").ids


@pytest.fixture(scope="module")
def looks(opened, ids):
    return AttentionExplainer(opened, trust=False).explain("one", {"small": ArrayStore(ids, "t")})


def test_shares_are_those_of_the_cross_attention(looks, opened, ids):
    import keras

    from bigmodel_cli.inference.loading import load_for_inference

    model = load_for_inference(opened.folder, "best")
    parts = [
        one.output
        for what in ("query", "key_value")
        for one in model.layers
        if one.name.endswith(f"_cross_attention_1_{what}_heads")
    ]
    task = opened.signature.task
    found = task.tokenized([looks.text], "t").ids[0]
    before = np.roll(found, 1)
    before[0] = task.vocabulary.begin
    before[len(looks.found) :] = 0
    query, key_value = (
        np.asarray(one, np.float64)[0].transpose(1, 0, 2)
        for one in keras.Model(model.inputs, parts)({"small": ids, "large_before": before[None]})
    )
    there = int((ids[0] != 0).sum())
    key = key_value[:2, :there]
    scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    np.testing.assert_allclose(looks.shares, weights.mean(axis=0)[: len(looks.found)], atol=1e-5)


def test_tokens_are_those_of_both_texts_without_padding(looks):
    assert "".join(looks.given) == TEXT and looks.shares.shape == (len(looks.found), len(TEXT))
    assert "".join(looks.found).removesuffix("⊣") == looks.text and looks.text
    np.testing.assert_allclose(looks.shares.sum(axis=1), 1, atol=1e-5)


def test_on_a_terminal_a_page_and_in_json(looks, bigmodel, tmp_path):
    asked = ("explain", "--set", f"small={TEXT}", "--run", FROZEN / "pairs")
    outcome = bigmodel(*asked, "--out", tmp_path / "looks.html")
    assert outcome.code == 0, outcome.err
    (token, share), *_ = looks.most(0, 1)
    assert looks.text in outcome.out and f"{token} {share:.0%}" in outcome.out
    page = (tmp_path / "looks.html").read_text("utf-8")
    assert page.count("<td style=") == looks.shares.size and f'title="{share:.1%}"' in page
    (document,) = bigmodel(*asked, "--json").json["rows"]
    np.testing.assert_allclose(document["attention"], looks.shares, atol=1e-5)
    assert (document["prediction"], document["layers"]) == (looks.text, 1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "no text to explain"),
        (("--set", "small=a", "--method", "occlusion"), "of this run attention alone is shown"),
        (("--set", "small=a", "--class", "x"), "--class: of this run it is shown where the texts look"),
        (("--set", "small=a", "--layer", "dense"), "--layer is for models of images"),
        (("--set", "small=a", "--out", "a.png"), "--out a.png: expected a file that ends in .html"),
    ],
)
def test_what_is_refused(words, says, bigmodel):
    outcome = bigmodel("explain", *words, "--run", FROZEN / "pairs")
    assert outcome.code == 2 and says in outcome.err
