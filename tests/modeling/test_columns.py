"""Rows in a model: what steps may name, what is shared, what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.errors import ConfigError

pytestmark = pytest.mark.tf

CSV = """\
b,a,city,job,Größe (cm),label,price
1,10,Bern,cook,3,yes,100
2,20,Bern,,4,no,200
3,30,Thun,smith,5,yes,300
4,40,,cook,6,no,401
"""
HEAD = """\
data:
  source: {table: {path: t.csv, target: TARGET, columns: {COLUMNS}}}
  validation: 0
loss: LOSS
optimizer: Adam
preprocessing: PREPROCESSING
model:
"""
COLUMNS = "city: category, job: category"
PLAIN = "{number: [Normalization], category: [{StringLookup: {output_mode: one_hot}}]}"
HEAD_OF_MODEL = "  - Dense: {name: out, units: 1, activation: sigmoid}\n"


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Builds the model of a table from its steps; gives it with its splits and the warnings."""
    from bigmodel_cli.modeling.backend import start
    from bigmodel_cli.modeling.build import build_model
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.pipeline.splits import make_splits
    from bigmodel_cli.pipeline.training_examples import TrainingExamples
    from bigmodel_cli.sources.base import LoadContext

    monkeypatch.chdir(tmp_path)

    def call(
        model, *, preprocessing=PLAIN, target="label", loss="BinaryCrossentropy", csv=CSV, columns=COLUMNS
    ):
        Path("t.csv").write_text(csv, "utf-8")
        head = HEAD.replace("TARGET", target).replace("LOSS", loss).replace("PREPROCESSING", preprocessing)
        head = head.replace("COLUMNS", columns)
        Path("c.yaml").write_text(head + model, "utf-8")
        experiment = read_config(Path("c.yaml")).experiment
        splits = make_splits(experiment.data.source.options.load(LoadContext()), validation=0, test=0, seed=0)
        start(seed=0)
        warnings: list[str] = []
        data = TrainingExamples(splits.train)
        built = build_model(experiment, splits.signature, total_steps=1, data=data, warn=warnings.append)
        return built, splits, warnings

    return call


def raw(splits):
    """The rows as the saved model takes them."""
    import tensorflow as tf

    from bigmodel_cli.sources.base import bare

    part = splits.train
    columns = {
        name: store.values_of(store.gather(np.arange(len(part)))) for name, store in part.inputs.items()
    }
    return bare({name: tf.constant(values) for name, values in columns.items()})


def output_of(built, splits, layer):
    import keras

    inner = keras.Model(built.model.input, built.model.get_layer(layer).output)
    return np.asarray(inner(raw(splits), training=False))


def standardized(*columns):
    numbers = np.array(columns, np.float32).T
    return (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)


# Größe, a, b and price, which is an input where it is no target.
NUMBERS = standardized([3, 4, 5, 6], [10, 20, 30, 40], [1, 2, 3, 4], [100, 200, 300, 401])


def test_columns_of_a_kind_stand_side_by_side_in_the_order_of_their_names(build):
    built, splits, warnings = build("  - Identity: {name: seen, inputs: [numbers]}\n" + HEAD_OF_MODEL)
    np.testing.assert_allclose(output_of(built, splits, "seen"), NUMBERS, atol=1e-4)
    assert warnings == ["columns that the model does not use: city, job"]


def test_a_column_by_its_name_and_the_rest_beside_it(build):
    model = (
        "  - Identity: {name: one, inputs: [a]}\n  - Identity: {name: all, inputs: [numbers]}\n"
        "  - Concatenate: {inputs: [one, all]}\n"
    )
    built, splits, _ = build(model + HEAD_OF_MODEL)
    np.testing.assert_allclose(output_of(built, splits, "one"), NUMBERS[:, 1:2], atol=1e-4)
    # What has layers of its own comes last.
    np.testing.assert_allclose(output_of(built, splits, "all"), NUMBERS[:, [0, 2, 3, 1]], atol=1e-4)


@pytest.mark.parametrize(
    ("layer", "width"),
    [
        ("Hashing: {num_bins: 5, output_mode: one_hot}", 5),
        ("Hashing: {num_bins: 5, output_mode: count}", 5),
        ("StringLookup: {output_mode: multi_hot}", 3),
        ("StringLookup: {output_mode: tf_idf, num_oov_indices: 2}", 4),
    ],
)
def test_words_of_rows_are_not_counted_together(build, layer, width):
    built, splits, _ = build(
        "  - Identity: {name: seen, inputs: [job]}\n" + HEAD_OF_MODEL,
        preprocessing=f"{{number: [Normalization], category: [{{{layer}}}]}}",
    )
    cook, missing, smith, again = output_of(built, splits, "seen")
    assert built.model.get_layer("seen").output.shape == (None, width)
    assert len(cook) == width and cook.tolist() == again.tolist() != smith.tolist()
    assert np.count_nonzero(cook) == np.count_nonzero(smith) == 1
    # A lookup takes a missing word for none, hashing for one more word.
    assert np.count_nonzero(missing) == (1 if layer.startswith("Hashing") else 0)


def test_a_missing_category_is_none_of_those_that_are_known_and_not_unknown(build):
    built, splits, _ = build("  - Identity: {name: seen, inputs: [job]}\n" + HEAD_OF_MODEL)
    # Unknown ones, then cook, which is the most frequent, then smith.
    assert output_of(built, splits, "seen").tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_places_are_embedded_and_do_not_stand_beside_numbers(build):
    model = (
        "  - Embedding: {name: job_vector, inputs: [job], input_dim: job.vocabulary_size, output_dim: 2}\n"
        "  - Identity: {name: rest, inputs: [categories]}\n"
        "  - Concatenate: {inputs: [job_vector, rest, numbers]}\n"
    )
    places = (
        "{number: [Normalization], category: [{StringLookup: {output_mode: one_hot}}], job: [StringLookup]}"
    )
    built, splits, _ = build(model + HEAD_OF_MODEL, preprocessing=places)
    # Missing, unknown, cook, smith.
    assert built.model.get_layer("job_vector").input_dim == 4
    assert output_of(built, splits, "rest").shape == (4, 3)
    with pytest.raises(
        ConfigError, match=r"c.yaml:8:5: model.0.Dense: the column job gives places in a voca"
    ):
        build("  - Dense: {units: 1, activation: sigmoid}\n", preprocessing=places)


@pytest.mark.parametrize(
    ("model", "preprocessing", "message"),
    [
        (
            "",
            "{number: [Normalization]}",
            r"c.yaml:8:5: model.0.Dense: the column city is a category, which no layer of numbers takes"
            r"[\s\S]*write preprocessing: \{category: \[\{StringLookup: \{output_mode: one_hot\}\}\]\}",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_with_its_place(build, model, preprocessing, message):
    with pytest.raises(ConfigError, match=message):
        build(model + HEAD_OF_MODEL, preprocessing=preprocessing)


def test_inputs_have_names_that_keras_takes(build):
    built, splits, _ = build(HEAD_OF_MODEL)
    assert set(built.model.input) == {"a", "b", "city", "job", "Gr_e_cm", "price"}
    assert splits.signature.slugs["Größe (cm)"] == "Gr_e_cm"
    assert np.asarray(built.model(raw(splits))).shape == (4, 1)


TWO = """\
  - Dense: {name: trunk, units: 4}
  - Dense: {name: label, inputs: [trunk], units: 1, activation: sigmoid}
  - Dense: {name: price, inputs: [trunk], units: 1}
"""
LOSSES = "{label: BinaryCrossentropy, price: MeanSquaredError}"


def test_several_targets_have_an_output_each_in_their_own_unit(build):
    built, splits, _ = build(TWO, target="[label, price]", loss=LOSSES)
    assert built.tasks.loss_names == ["loss", "label_loss", "price_loss"]
    given = built.model(raw(splits))
    assert set(given) == {"label", "price"}
    # The mean and the spread of the price, once the last step gives zeros.
    layer = built.model.get_layer("price")
    layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    np.testing.assert_allclose(np.asarray(built.model(raw(splits))["price"]), np.full((4, 1), 250.25))


def test_a_target_without_a_step_is_named(build):
    with pytest.raises(
        ConfigError, match=r"no step is named like the target price, so nothing is its output"
    ):
        build(TWO.rsplit("  -", 1)[0], target="[label, price]", loss=LOSSES)


def test_an_embedding_holds_the_vocabulary(build):
    def steps(name, rows):
        embedding = f"  - Embedding: {{inputs: [{name}], input_dim: {rows}, output_dim: 2}}\n"
        return embedding + "  - Flatten\n" + HEAD_OF_MODEL

    looked_up = "{category: [StringLookup]}"
    built, _, _ = build(steps("categories", "categories.vocabulary_size"), preprocessing=looked_up)
    # Two towns or two jobs, one place for what is missing, and one for what is not known.
    assert built.model.get_layer("embedding").input_dim == 4
    message = (
        r"c.yaml:8:5: model.0.Embedding: input_dim: 3 is smaller than the vocabulary of city, which has 4"
        r"[\s\S]*write input_dim: city.vocabulary_size"
    )
    with pytest.raises(ConfigError, match=message):
        build(steps("city", 3), preprocessing=looked_up)


NOTES = 'note,label\n"ab cd ab",yes\n"cd ef",no\n":)",yes\n"cd ab",no\n'
TWO_VIEWS = """\
  - TextVectorization: {name: words, inputs: [note], ngrams: 2, output_sequence_length: 4}
  - Embedding: {input_dim: words.vocabulary_size, output_dim: 3, mask_zero: true}
  - masked_pooling: {name: by_word}
  - TextVectorization: {name: runs, inputs: [note], split: character, ngrams: [2, 3], output_mode: tf_idf}
  - Concatenate: {inputs: [by_word, previous]}
  - Dense: {units: 1, activation: sigmoid}
"""


def test_steps_that_look_words_up_learn_them_from_the_training_rows(build, tmp_path):
    import keras

    built, splits, warnings = build(TWO_VIEWS, csv=NOTES, columns="note: text", preprocessing="[]")
    words, runs = (built.model.get_layer(name) for name in ("words", "runs"))
    # The most frequent first, then from the last in the alphabet.
    assert words.get_vocabulary() == ["", "[UNK]", "cd", "ab", "cd ab", "ef", "cd ef", "ab cd"]
    places = output_of(built, splits, "words").tolist()
    assert places == [[3, 2, 3, 7], [2, 5, 6, 0], [0, 0, 0, 0], [2, 3, 4, 0]]
    assert "a b" in runs.get_vocabulary() and "a b  " in runs.get_vocabulary()
    assert built.model.get_layer("embedding").input_dim == 8
    weights = output_of(built, splits, "runs")
    # `c d` is in three of four texts, `e f` in one, and weighs more.
    common, rare = (runs.get_vocabulary().index(run) for run in ("c d", "e f"))
    assert weights[1, rare] == pytest.approx(np.log(1 + 4 / 2))
    assert weights[1, common] == pytest.approx(np.log(1 + 4 / 4))
    assert warnings == []
    built.model.save(tmp_path / "m.keras")
    before = np.asarray(built.model(raw(splits), training=False))
    after = np.asarray(
        keras.models.load_model(tmp_path / "m.keras", compile=False)(raw(splits), training=False)
    )
    assert np.isfinite(before).all()
    np.testing.assert_array_equal(before, after)


def test_a_lookup_behind_what_is_learned_is_a_step_like_another(build):
    """A category that is looked up in the model, and embedded."""
    model = """\
  - StringLookup: {name: jobs, inputs: [job]}
  - Embedding: {input_dim: jobs.vocabulary_size, output_dim: 2}
  - Dense: {units: 1, activation: sigmoid}
"""
    built, splits, _ = build(model, preprocessing="{number: [Normalization]}")
    # What is not there is a word like others, and none is unknown.
    assert output_of(built, splits, "jobs").tolist() == [1, 3, 2, 1]


LINES = 'text,label\n"ab\ncd ef",yes\n"one\x85two",no\n"three\u2028four ab",yes\n"x\ry z",no\n'


@pytest.mark.parametrize(
    "layer",
    [
        "{TextVectorization: {standardize: lower, split: character, ngrams: 2, output_mode: count}}",
        "{TextVectorization: {output_mode: tf_idf}}",
        "{TextVectorization: {standardize: null, output_mode: multi_hot}}",
    ],
)
def test_words_with_an_end_of_a_line_survive_the_file(build, tmp_path, layer):
    import keras

    built, splits, warnings = build(
        HEAD_OF_MODEL, preprocessing=f"{{text: [{layer}]}}", csv=LINES, columns="text: text"
    )
    built.model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", compile=False)
    np.testing.assert_array_equal(again(raw(splits)), built.model(raw(splits)))
    assert warnings == []


def test_a_category_with_an_end_of_a_line_is_told_and_shifts_no_other(build, tmp_path):
    import keras

    csv = 'city,label\n"a\nb",yes\nc,no\nd,yes\nc,no\n'
    built, _, warnings = build(
        HEAD_OF_MODEL,
        preprocessing=PLAIN.replace("number: [Normalization], ", ""),
        csv=csv,
        columns="city: category",
    )
    (said,) = (warning for warning in warnings if "end of a line" in warning)
    assert said.endswith(
        "StringLookup: 1 of the values have an end of a line in them, which no vocabulary can keep; they are "
        "unknown to the model"
    )
    built.model.save(tmp_path / "m.keras")
    (before,) = (layer for layer in built.model.layers if type(layer) is keras.layers.StringLookup)
    (after,) = (
        layer
        for layer in keras.saving.load_model(tmp_path / "m.keras", compile=False).layers
        if type(layer) is keras.layers.StringLookup
    )
    assert after.get_vocabulary() == before.get_vocabulary() and "c" in after.get_vocabulary()


@pytest.mark.parametrize("step", ["impute", "{impute: {with: mean}}"])
def test_an_encoding_may_stand_first_behind_a_date(build, step):
    """A date is several numbers in one column, which nothing has to bring side by side."""
    csv = "when,label\n" + "".join(f"2020-01-{day:02d},{'yes' if day % 2 else 'no'}\n" for day in range(1, 9))
    built, splits, _ = build(
        HEAD_OF_MODEL, csv=csv + ",no\n", columns="when: date", preprocessing=f"{{date: [{step}]}}"
    )
    assert np.isfinite(np.asarray(built.model(raw(splits)))).all()
