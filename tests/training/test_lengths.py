"""Batches of texts of about equal length compute what whole ones would, or are not made, with the reason."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

from bigmodel_cli.errors import ConfigError, ResourceError, UsageError

pytestmark = pytest.mark.tf
WORDS = ["red", "green", "blue", "cold", "warm", "dry", "wet"]
CONFIG = """\
name: texts
data:
  source:
    table:
      path: t.csv
      target: label
      columns: {label: category, text: text, more: {subwords: {tokenizer: bytes, length: 60}}}
  batch_size: 200
  validation: 0.2
  test: 0
model:
  - TextVectorization: {name: words, inputs: [text], output_sequence_length: 40}
  - token_and_position: {vocabulary_size: words.vocabulary_size, width: 8}
  - transformer: {layers: 1, heads: 2}
  - masked_pooling: {name: by_word}
  - token_and_position: {inputs: [more], width: 4}
  - LSTM: {units: 4}
  - Concatenate: {inputs: [by_word, previous]}
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.02}}
training: {epochs: 2, precision: float32, jit_compile: false, deterministic: true, device: cpu}
"""
TAGS = """\
name: tags
data:
  source: {conll: {path: t.conll, length: 40}}
  batch_size: 200
  validation: 0.2
  test: 0
model:
  - word_vectors: {name: by_word, inputs: [words], width: 6}
  - word_characters: {name: by_spelling, inputs: [words], filters: 4, width: 3, length: 6}
  - Concatenate: {inputs: [by_word, by_spelling]}
  - token_convolutions: {layers: 2, width: 8}
  - Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.02}}
training: {epochs: 2, precision: float32, jit_compile: false, deterministic: true, device: cpu}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Texts of 0 to 12 words, and the same with a tag for each word, in the working folder."""
    monkeypatch.chdir(tmp_path)
    drawn = random.Random(0)
    texts = [[drawn.choice(WORDS) for _ in range(drawn.randrange(13))] for _ in range(60)]
    rows = [
        f"{'long' if len(words) > 6 else 'short'},{' '.join(words)},{' '.join(words[:4])}\n"
        for words in texts
    ]
    (tmp_path / "t.csv").write_text("label,text,more\n" + "".join(rows))
    tagged = [[f"{word}\t{'B-x' if word in WORDS[:3] else 'O'}\n" for word in words] for words in texts]
    (tmp_path / "t.conll").write_text("\n".join("".join(words) for words in tagged if words))
    return tmp_path


def prepared(folder, config, *words):
    """A model with its steps, ready to train, and what was said of batches."""
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.known_data import fit_to_data
    from bigmodel_cli.training.prepared import prepare

    class Listening(Silent):
        def say(self, line):
            said.append(line)

    said: list[str] = []
    (folder / "c.yaml").write_text(config)
    loaded = read_config(folder / "c.yaml", words)
    splits = load_splits(loaded.experiment, Silent(), offline=True)
    made = prepare(fit_to_data(loaded, splits, lambda _: None), splits, Listening())
    made.fill(Listening())
    return made, [line for line in said if line.startswith("batches")]


def trained(made):
    """Losses of two epochs and of validation, and the weights then."""
    values = []
    feed = made.training.feed
    for epoch in (1, 2):
        made.training.measures.reset()
        order = feed.epoch_order(seed=0, epoch=epoch)
        for start in range(feed.num_batches()):
            made.training.run(feed.chunk(feed.rows(order, start, 1)))
        values.append(made.training.measures.results())
    from bigmodel_cli.pipeline.feed import in_order

    validation = made.validation_steps()
    for chunk in in_order(validation.feed):
        validation.run(chunk)
    return [*values, validation.measures.results()], made.built.model.get_weights()


def assert_same(one, other):
    for values, others in zip(one[0], other[0], strict=True):
        assert others == pytest.approx(values, rel=2e-5)
    for weight, another in zip(one[1], other[1], strict=True):
        if weight.dtype.kind == "f":
            np.testing.assert_allclose(another, weight, atol=2e-5)


@pytest.mark.parametrize(("config", "share"), [(CONFIG, 0.5), (TAGS, 0.6)], ids=["texts", "tags"])
def test_one_batch_and_its_parts_learn_what_they_learn_with_padding(folder, config, share):
    """All training examples are one batch, so that all ways to order them are the same."""
    with_padding, said = prepared(folder, config, "data.length_buckets=1")
    assert said == []
    cut, said = prepared(folder, config)
    assert re.fullmatch(
        r"batches: texts of about equal length together, 8 lengths at most, which saves \d+% of their places",
        said[0],
    )
    assert int(re.search(r"(\d+)%", said[0])[1]) > 100 * share
    assert "length_buckets: 8" in cut.settled.text
    feed = cut.training.feed
    lengths = feed.chunk(feed.rows(np.arange(40), 0, 1))["lengths"].numpy()
    assert (lengths < [group.size for group in feed.cutting.groups]).all()
    whole = trained(with_padding)
    assert_same(whole, trained(cut))
    in_parts, _ = prepared(folder, config, "training.accumulate=3", "data.length_buckets=2")
    assert_same(whole, trained(in_parts))


def test_small_batches_are_of_about_equal_length_and_measure_the_same(folder):
    cut, _ = prepared(folder, TAGS, "data.batch_size=8")
    feed = cut.training.feed
    order = feed.epoch_order(seed=0, epoch=1)
    lengths = feed.chunk(feed.rows(order, 0, 5))["lengths"].numpy()[:, 0]
    assert len(set(lengths.tolist())) > 2
    losses = []
    for words in (("data.batch_size=8",), ("data.batch_size=8", "data.length_buckets=1")):
        made, _ = prepared(folder, TAGS, *words)
        from bigmodel_cli.pipeline.feed import in_order

        steps = made.validation_steps()
        for chunk in in_order(steps.feed):
            steps.run(chunk)
        losses.append(steps.measures.results())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.filterwarnings("ignore:[\\s\\S]*does not support masking")
@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ("- GlobalMaxPooling1D: {name: by_word}", "padding changes what the model gives, by "),
        ("- Flatten: {name: by_word}", "the model does not take shorter texts"),
        (
            "- BatchNormalization\n  - masked_pooling: {name: by_word}",
            "batch_normalization normalises over padding too",
        ),
    ],
)
def test_what_sees_padding_keeps_it(folder, steps, reason):
    config = CONFIG.replace("- masked_pooling: {name: by_word}", steps)
    made, said = prepared(folder, config)
    why = rf"batches have room for the longest text, though \d+% of that is padding: {reason}"
    assert re.match(why, said[0])
    assert "length_buckets: 1" in made.settled.text
    with pytest.raises(UsageError, match=rf"data\.length_buckets=4: {reason}"):
        prepared(folder, config, "data.length_buckets=4")


def test_trying_leaves_the_weights(folder):
    one, _ = prepared(folder, TAGS)
    other, _ = prepared(folder, TAGS, "data.length_buckets=1")
    for weight, another in zip(one.built.model.get_weights(), other.built.model.get_weights(), strict=True):
        assert np.array_equal(weight, another)


def test_without_texts_there_is_nothing_to_say(folder):
    (folder / "n.csv").write_text("label,x\n" + "".join(f"{n % 2},{n}\n" for n in range(60)))
    config = CONFIG[: CONFIG.index("model:")].replace("t.csv", "n.csv")
    config = re.sub(r"columns: \{.*\}", "columns: {label: category, x: number}", config)
    config += (
        "model: [{Dense: {units: num_classes, activation: softmax}}]\n" + CONFIG[CONFIG.index("loss:") :]
    )
    made, said = prepared(folder, config)
    assert said == []
    assert "length_buckets: 1" in made.settled.text
    refused = r"data\.length_buckets: length_buckets is for texts, and table has none"
    with pytest.raises(ConfigError, match=refused):
        prepared(folder, config, "data.length_buckets=2")


def test_what_fails_for_another_reason_is_not_hidden(folder, monkeypatch):
    """Only what a shorter text makes go wrong says that the model takes none."""
    import keras

    from bigmodel_cli.training.lengths import TRIED

    call = keras.layers.Dense.call

    def fails(layer, inputs, *arguments, **options):
        if inputs.shape[0] == TRIED:
            raise MemoryError("no room")
        return call(layer, inputs, *arguments, **options)

    monkeypatch.setattr(keras.layers.Dense, "call", fails)
    with pytest.raises(ResourceError, match="memory ran out while training"):
        prepared(folder, CONFIG)
