"""Our encodings of numbers, against NumPy and scikit-learn; saved, they need Keras alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from bigmodel_cli.modeling.encodings import encoding_options
from bigmodel_cli.modeling.encodings.impute import Impute
from bigmodel_cli.modeling.encodings.periodic import Periodic
from bigmodel_cli.modeling.encodings.piecewise_linear import PiecewiseLinear, bin_edges
from bigmodel_cli.modeling.encodings.quantile import Quantile, pieces

# Columns as tables have them: even, skewed, rounded, mostly one value, large, years, flags.
COLUMNS = ["normal", "skewed", "rounded", "mostly_zero", "large", "years", "flag"]
CONTINUOUS = [0, 1, 4, 5]


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    rng = np.random.default_rng(0)
    n = 4_000
    return np.stack(
        [
            rng.normal(size=n),
            rng.lognormal(0, 2, n),
            np.round(rng.normal(40, 12, n)),
            np.where(rng.random(n) < 0.9, 0, rng.lognormal(8, 1, n)),
            rng.uniform(1e9, 2e9, n),
            rng.normal(2000, 10, n),
            rng.integers(0, 2, n),
        ],
        axis=1,
    ).astype(np.float32)


@pytest.fixture(scope="module")
def asked(rows: np.ndarray) -> np.ndarray:
    """Training rows, values between them, and such as are far beyond."""
    between = (rows[:500] + rows[500:1000]) / 2
    far = np.stack([np.full(rows.shape[1], value, np.float32) for value in (-1e30, 1e30)])
    return np.concatenate([rows[:500], between, far])


@pytest.fixture
def encoded() -> Callable[..., Any]:
    """The `keras.Model` of an encoding that has learnt from rows, or for so many columns without any."""

    def call(encoding: Any, learnt: np.ndarray | int) -> Any:
        import keras

        from bigmodel_cli.modeling.backend import start

        start(seed=0)
        if isinstance(learnt, int):
            inputs = keras.Input((learnt,))
            return keras.Model(inputs, encoding.encode(inputs, lambda _: None))
        inputs = keras.Input((learnt.shape[1],))
        return keras.Model(inputs, encoding.encode(inputs, lambda _: learnt))

    return call


def test_the_encodings_that_there_are() -> None:
    of_numbers = {"impute", "periodic", "piecewise_linear", "quantile"}
    assert set(encoding_options()) == {*of_numbers, "mel_spectrogram", "mfcc"}
    for name, encoding in encoding_options().items():
        assert encoding.example.startswith(f"{name}: ") and encoding.__doc__


@pytest.mark.parametrize(
    ("encoding", "options", "key"),
    [
        (Impute, {"with": "mode"}, "with"),
        (Quantile, {"n_quantiles": 1}, "n_quantiles"),
        (Quantile, {"output": "gaussian"}, "output"),
        (PiecewiseLinear, {"bins": 0}, "bins"),
        (Periodic, {"sigma": 0.0}, "sigma"),
        (Periodic, {"frequency": 3}, "frequency"),
    ],
)
def test_wrong_options_are_refused(encoding: Any, options: dict[str, Any], key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        encoding.model_validate(options)
    assert {error["loc"][0] for error in caught.value.errors()} == {key}


@pytest.mark.tf
@pytest.mark.parametrize("output", ["uniform", "normal"])
def test_quantile_is_scikit_learns(
    output: Any, encoded: Callable[..., Any], rows: np.ndarray, asked: np.ndarray
) -> None:
    from sklearn.preprocessing import QuantileTransformer

    theirs = QuantileTransformer(n_quantiles=1000, output_distribution=output).fit(rows.astype(np.float64))
    expected = theirs.transform(asked.astype(np.float64))
    got = np.asarray(encoded(Quantile(output=output), rows)(asked))
    inside = (asked > rows.min(axis=0)) & (asked < rows.max(axis=0))
    for place, name in enumerate(COLUMNS):
        # At the ends of columns that have ties there, ranks are other ones: the next test.
        compared = slice(None) if place in CONTINUOUS else inside[:, place]
        np.testing.assert_allclose(got[compared, place], expected[compared, place], atol=1e-5, err_msg=name)


@pytest.mark.tf
def test_values_of_many_rows_have_the_middle_of_their_ranks(encoded: Callable[..., Any]) -> None:
    rows = np.array([[0, 1, 7]] * 60 + [[5, 2, 7]] * 20 + [[9, 2, 7]] * 20, np.float32)
    asked = np.array([[0, 1, 7], [5, 2, 7], [9, 3, 8], [-1, 0, 6], [np.nan, 1.5, 7]], np.float32)
    got = np.asarray(encoded(Quantile(n_quantiles=101, output="uniform"), rows)(asked))
    # Ranks among 100: 0 to 59, 60 to 79, 80 to 99; half way from 1 to 2, the rank is half way too.
    assert got[:3, 0] == pytest.approx([0.295, 0.695, 0.9], abs=0.01)
    assert got[:2, 1] == pytest.approx([0.295, 0.8], abs=0.01)
    assert got[4, 1] == pytest.approx(0.6, abs=0.01)
    assert got[:, 2] == pytest.approx([0.5] * 5)
    # What is smaller or larger than all has the rank of the smallest or largest; what is missing is missing.
    assert got[3, 0] == got[0, 0] and got[2, 1] == got[1, 1] and np.isnan(got[4, 0])


def test_subnormal_numbers_do_not_part_zero_from_the_next_value() -> None:
    """Processors that take them for 0 would find the piece behind a zero at the zero."""
    starts = pieces(np.array([0, 0, 0, 1, 2], np.float32), 5)[:, 0]
    assert all(start == 0 or abs(start) >= np.finfo(np.float32).tiny for start in starts)


def test_missing_values_count_for_nothing() -> None:
    some = np.array([1, 2, 3, 4, 5, np.nan, np.nan], np.float32)
    np.testing.assert_array_equal(pieces(some, 100), pieces(some[:5], 100))
    np.testing.assert_array_equal(bin_edges(some, 4), [1, 2, 3, 4, 5])
    assert len(pieces(some[5:], 100)) == 1


def _by_definition(values: np.ndarray, edges: np.ndarray, bins: int) -> np.ndarray:
    """Equation 1 of arXiv:2203.05556; bins that are not there are zeros before the last."""
    through = (values[:, None].astype(np.float64) - edges[:-1]) / np.diff(edges)
    low = np.array([-np.inf] + [0] * (len(edges) - 2))
    high = np.array([1] * (len(edges) - 2) + [np.inf])
    clipped = np.clip(through, low, high)
    missing = np.zeros((len(values), bins - clipped.shape[1]))
    return np.concatenate([clipped[:, :-1], missing, clipped[:, -1:]], axis=1)


@pytest.mark.tf
def test_piecewise_linear_is_the_papers(
    encoded: Callable[..., Any], rows: np.ndarray, asked: np.ndarray
) -> None:
    model = encoded(PiecewiseLinear(bins=16), rows)
    got = np.asarray(model(asked[:-2])).reshape(-1, len(COLUMNS), 16)
    for place, name in enumerate(COLUMNS[:-1]):
        expected = _by_definition(asked[:-2, place], bin_edges(rows[:, place], 16), 16)
        np.testing.assert_allclose(got[:, place], expected, atol=2e-5, rtol=1e-5, err_msg=name)
    # One bin alone: its way up to 1 and from 0 on.
    flags = got[:, -1]
    np.testing.assert_allclose(flags[:, 0], asked[:-2, -1], atol=1e-6)
    np.testing.assert_allclose(flags[:, -1], asked[:-2, -1], atol=1e-6)
    assert not flags[:, 1:-1].any()
    assert len(model.layers) == 2


@pytest.mark.tf
def test_a_column_of_one_value_is_zeros(encoded: Callable[..., Any]) -> None:
    constant = np.full((10, 2), 3, np.float32)
    got = np.asarray(encoded(PiecewiseLinear(bins=4), constant)(constant + 1))
    assert got.shape == (10, 8) and not got.any()


@pytest.mark.tf
@pytest.mark.parametrize(
    ("how", "expected"),
    [("median", [2, 10, 0]), ("mean", [7 / 3, 30, 0]), ("zero", [0] * 3), (-1.5, [-1.5] * 3)],
)
def test_impute(how: Any, expected: list[float], encoded: Callable[..., Any]) -> None:
    nan = np.nan
    rows = np.array(
        [[1, 10, nan], [2, nan, nan], [4, 0, nan], [nan, 80, nan], [nan, 10 + 20, nan]], np.float32
    )
    rows[4, 1] = nan
    got = np.asarray(encoded(Impute.model_validate({"with": how, "flag": True}), rows)(rows))
    filled = np.where(np.isnan(rows), np.array(expected, np.float32), rows)
    np.testing.assert_allclose(got[:, :3], filled, rtol=1e-6)
    np.testing.assert_array_equal(got[:, 3:], np.isnan(rows))
    plain = np.asarray(encoded(Impute.model_validate({"with": how}), rows)(rows))
    np.testing.assert_array_equal(plain, got[:, :3])


@pytest.mark.tf
@pytest.mark.parametrize("shared", [True, False])
def test_periodic_is_plr(shared: bool, encoded: Callable[..., Any], rows: np.ndarray) -> None:
    model = encoded(Periodic(frequencies=5, sigma=0.5, width=3, shared=shared), rows)
    numbers = np.random.default_rng(1).normal(size=(6, 7)).astype(np.float32)
    frequencies, kernel, bias = (np.asarray(weight) for weight in model.trainable_weights)
    assert frequencies.shape == (7, 5) and not model.non_trainable_weights
    assert kernel.shape == ((10, 3) if shared else (7, 10, 3)) and bias.shape == (*kernel.shape[:-2], 3)
    assert 0.6 < frequencies.std() / (2 * np.pi * 0.5) < 1.4
    phases = numbers[:, :, None] * frequencies
    waves = np.concatenate([np.cos(phases), np.sin(phases)], axis=-1)
    mixed = waves @ kernel if shared else np.einsum("bfk,fkw->bfw", waves, kernel)
    np.testing.assert_allclose(model(numbers), np.maximum(mixed + bias, 0).reshape(6, 21), atol=1e-5)


@pytest.mark.tf
@pytest.mark.parametrize("name", ["impute", "periodic", "piecewise_linear", "quantile"])
def test_without_rows_it_has_the_same_parameters_and_shape(
    name: str, encoded: Callable[..., Any], rows: np.ndarray
) -> None:
    encoding = encoding_options()[name]()
    bare, learnt = encoded(encoding, rows.shape[1]), encoded(encoding, rows)
    assert bare.output_shape == learnt.output_shape
    assert [one.shape for one in bare.weights] == [one.shape for one in learnt.weights]
    assert bare.trainable_weights == [] or name == "periodic"
    np.asarray(bare(rows))


@pytest.fixture(scope="module")
def together(rows: np.ndarray) -> Any:
    """All encodings in a model, as a network has them."""
    import keras

    from bigmodel_cli.modeling.backend import start

    start(seed=0)
    gaps = rows.copy()
    gaps[::7, :3] = np.nan
    inputs = keras.Input((len(COLUMNS),), name="input")

    def learn(tensor: Any) -> np.ndarray:
        if tensor is inputs:
            return gaps
        return np.asarray(keras.Model(inputs, tensor)(gaps))

    whole = Impute.model_validate({"flag": True}).encode(inputs, learn)
    ranks = Quantile().encode(whole, learn)
    waves = Periodic().encode(ranks, learn)
    bins = PiecewiseLinear(bins=8).encode(whole[:, : len(COLUMNS)], learn)
    trunk = keras.layers.Concatenate()([ranks, waves, bins])
    return keras.Model(inputs, keras.layers.Dense(3)(trunk)), gaps


@pytest.mark.tf
def test_the_saved_file_needs_keras_alone(together: Any, tmp_path: Path) -> None:
    model, gaps = together
    model.save(tmp_path / "m.keras")
    np.save(tmp_path / "rows.npy", gaps[:300])
    code = (
        "import sys, keras, numpy as np; model = keras.models.load_model('m.keras'); "
        "np.save('out.npy', model(np.load('rows.npy'))); "
        "assert not any('bigmodel' in name for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    got = np.load(tmp_path / "out.npy")
    assert not np.isnan(got).any() and got.std() > 0
    np.testing.assert_allclose(got, np.asarray(model(gaps[:300])), atol=1e-5)


@pytest.mark.tf
def test_xla_and_litert_compute_the_same(together: Any, tmp_path: Path) -> None:
    import tensorflow as tf

    from bigmodel_cli.inference.export import export, frozen_converter
    from bigmodel_cli.inference.litert import LiteRTEngine

    model, gaps = together
    expected = np.asarray(model(gaps[:64]))
    np.testing.assert_allclose(
        tf.function(lambda x: model(x), jit_compile=True)(tf.constant(gaps[:64])), expected, atol=1e-4
    )
    export(model, tmp_path / "m.tflite", frozen_converter)
    np.testing.assert_allclose(LiteRTEngine(tmp_path / "m.tflite").predict(gaps[:64]), expected, atol=1e-4)


@pytest.mark.tf
def test_half_precision_does_not_round_what_was_learnt(encoded: Callable[..., Any], rows: np.ndarray) -> None:
    import keras

    encodings = [Quantile(), PiecewiseLinear(bins=4)]
    expected = [np.asarray(encoded(one, rows)(rows[:50])) for one in encodings]
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        inputs = keras.Input((len(COLUMNS),))
        outputs = [one.encode(inputs, lambda _: rows) for one in encodings]
        got = keras.Model(inputs, outputs)(rows[:50])
    finally:
        keras.config.set_dtype_policy("float32")
    for found, wanted in zip(got, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_as_many_pieces_as_there_is_room_for() -> None:
    """Where every quantile is tied, or none, or the middle lies between two."""
    for values in ([0, 0, 1, 1, 2, 2, 3, 3], [*range(8)], [0, 9], [0, 0, 9, 9], [5] * 8):
        for n_quantiles in (2, 3, 7, 8, 100):
            assert len(pieces(np.array(values, np.float32), n_quantiles)) <= n_quantiles + 2
