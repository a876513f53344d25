"""What computes predictions: LiteRT where the run has its model, else Keras."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.kinds.cells import Held
from bigmodel_cli.run_folder import COMPLETED, LITERT, RunFolder
from bigmodel_cli.signature import signature_from_json, slugs
from bigmodel_cli.sources.base import bare

if TYPE_CHECKING:
    from bigmodel_cli.inference.litert import LiteRTEngine
    from bigmodel_cli.inference.lookups.front import Front

# Rows that LiteRT computes at once, at most, and what their words may take as numbers.
_MOST_ROWS, _MOST_BYTES = 4096, 4 * 2**20
EngineName = Literal["litert", "keras"]


class Engine(Protocol):
    """Computes model outputs."""

    @property
    def needed(self) -> Collection[str]:
        """Columns of rows in which no number may be missing."""

    def predict(self, features: Any) -> Any:
        """Model outputs, float32 of shape (n, …), for raw features of shape (n, …).

        Args:
            features: An array, or for each column of rows its values as `kinds.cells.Held`.

        Returns:
            An array, or of several targets one for each by what outputs are called there.

        Raises:
            DataError: If the model cannot compute one of them.
        """

    def look(self, features: Any) -> tuple[Any, np.ndarray | None]:
        """The same, with what the model's last layer was given, shape (n, features); None where that is not
        known."""


class KerasEngine:
    """Predicts with the run's saved Keras model.

    Args:
        run: Whose model it is.
        trust: Load it even if it can run code.
    """

    def __init__(self, run: RunFolder, *, trust: bool = False) -> None:
        from bigmodel_cli.inference.loading import load_for_inference
        from bigmodel_cli.modeling.backend import start
        from bigmodel_cli.modeling.devices import choose_device

        choose_device("auto")
        start(seed=0)
        self._run = run
        self._model = load_for_inference(run, "best", trust=trust)

    @cached_property
    def needed(self) -> Collection[str]:
        """Columns of rows in which no number may be missing.

        Raises:
            DataError: If the run's config is damaged.
        """
        from bigmodel_cli.config.preprocessing import never_missing
        from bigmodel_cli.inference.run_config import read_experiment

        signature = signature_from_json(self._run.read_record().get("signature") or {})
        return never_missing(read_experiment(self._run), signature.inputs)

    def predict(self, features: Any) -> Any:
        from bigmodel_cli.inference.steps import naming_refusal

        with naming_refusal():
            given = self._model(_as_tensors(features), training=False)
        if isinstance(given, Mapping):
            return {name: np.asarray(values, np.float32) for name, values in given.items()}
        return np.asarray(given, np.float32)

    def look(self, features: Any) -> tuple[Any, np.ndarray | None]:
        from bigmodel_cli.inference.steps import naming_refusal

        if self._whole is None:
            return self.predict(features), None
        with naming_refusal():
            outputs, inner = self._whole(features, training=False)
        return np.asarray(outputs, np.float32), np.asarray(inner, np.float32)

    @cached_property
    def _whole(self) -> Any:
        """The model that gives its inner features, too; None where it has none that are known."""
        from bigmodel_cli.modeling.inner import with_features

        return with_features(self._model)


def _as_tensors(features: Any) -> Any:
    """What a Keras model takes: an array as it is, columns by what its inputs are called."""
    if not isinstance(features, Mapping):
        return features
    import tensorflow as tf

    return bare({name: tf.constant(column.values()) for name, column in features.items()})


class SearchingEngine(KerasEngine):
    """Looks for the text that the run's saved Keras model makes of another, token by token."""

    @cached_property
    def _translator(self) -> Any:
        from bigmodel_cli.inference.opened import open_folder, reading_of_run
        from bigmodel_cli.inference.translating.translator import Translator

        opened = open_folder(self._run)
        return Translator(self._model, opened.signature, reading_of_run(opened))

    def predict(self, features: Mapping[str, Held]) -> Any:
        return self._translator({name: column.values() for name, column in features.items()})

    def look(self, features: Mapping[str, Held]) -> tuple[Any, None]:
        return self.predict(features), None


class RowEngine:
    """Predicts rows: words are looked up in NumPy, all else is a LiteRT model's.

    Args:
        front: What is looked up.
        litert: The model behind it.
    """

    def __init__(self, front: Front, litert: LiteRTEngine) -> None:
        self.front = front
        self._litert = litert

    @property
    def needed(self) -> Collection[str]:
        """Columns of numbers in which no value may be missing."""
        return self.front.needed

    def predict(self, features: Mapping[str, Held]) -> Any:
        slug_of = slugs(features)
        columns = {slug_of[name]: column for name, column in features.items()}
        count = len(next(iter(columns.values())))
        size = max(1, min(_MOST_ROWS, _MOST_BYTES // self.front.row_bytes))
        parts = [self._some(columns, slice(start, start + size)) for start in range(0, count, size)]
        return joined(parts)

    def look(self, features: Mapping[str, Held]) -> tuple[Any, None]:
        return self.predict(features), None

    def _some(self, columns: Mapping[str, Held], rows: slice) -> Any:
        from bigmodel_cli.inference.lookups.front import UnknownToken

        try:
            made = self.front.run({name: column.take(rows) for name, column in columns.items()})
        except UnknownToken as error:
            raise DataError(str(error)) from None
        given = self._litert.predict_named(made)
        return next(iter(given.values())) if len(given) == 1 else given


def outputs_by_target(given: Any, targets: Iterable[str]) -> dict[str, np.ndarray]:
    """What an engine gives for the targets of a run, by their own names."""
    slug_of = slugs(targets)
    if not isinstance(given, Mapping):
        return dict.fromkeys(slug_of, given)
    return {name: given[slug] for name, slug in slug_of.items()}


def joined(parts: Sequence[Any]) -> Any:
    """What an engine gives for examples one after the other."""
    if isinstance(parts[0], Mapping):
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return np.concatenate(parts)


@dataclass(frozen=True)
class ChosenEngine:
    """An engine, and why it is this one.

    Attributes:
        name: What `--engine` calls it.
        engine: Computes.
        reason: Half a sentence to follow its name.
    """

    name: EngineName
    engine: Engine
    reason: str


def open_engine(
    run: RunFolder,
    wanted: Literal["auto"] | EngineName,
    *,
    warn: Callable[[str], None],
    trust: bool = False,
    threads: int | None = None,
) -> ChosenEngine:
    """The engine that predicts.

    Args:
        run: Whose model predicts.
        wanted: `auto` takes LiteRT where the run has its model and the package is installed.
        warn: Is told where a damaged LiteRT model is passed over.
        trust: Load a Keras model even if it can run code.
        threads: How many compute, of LiteRT; None: one for each core.

    Raises:
        UsageError: If LiteRT is asked for and cannot be had.
        DataError: If the model is missing or damaged.
    """
    if wanted == "keras":
        return ChosenEngine("keras", keras_engine(run, trust=trust), "as --engine keras asks")
    record = run.read_record()
    if not run.expects(run.litert_model):
        reason = _why_there_is_no_model(record)
        if wanted == "litert":
            raise UsageError(f"{run.title}: {reason}", hint="use --engine keras")
        return ChosenEngine("keras", keras_engine(run, trust=trust), f"since {reason}")
    try:
        return ChosenEngine("litert", litert_engine(run, threads), _how_it_compared(record))
    except ImportError as error:
        reason = f"LiteRT cannot be loaded: {error}"
        if wanted == "litert":
            raise UsageError(reason, hint="pip install ai-edge-litert") from error
    except DataError as error:
        reason = error.message
        if wanted == "litert":
            raise DataError(reason, hint="use --engine keras") from error
        warn(f"{reason}; predicting with Keras instead")
    return ChosenEngine("keras", keras_engine(run, trust=trust), f"since {reason}")


def keras_engine(run: RunFolder, *, trust: bool = False) -> Engine:
    """The engine of a run's saved Keras model."""
    targets = signature_from_json(run.read_record().get("signature") or {}).targets.values()
    engine = SearchingEngine if any(task.is_searched for task in targets) else KerasEngine
    return of_whole_texts(engine(run, trust=trust), run)


def litert_engine(run: RunFolder, threads: int | None = None) -> Engine:
    """The engine of a run's model.tflite.

    Args:
        run: Whose.
        threads: How many compute; None: one for each core.

    Raises:
        ImportError: If LiteRT is not installed.
        DataError: If a file of the run is damaged.
    """
    from bigmodel_cli.inference.litert import LiteRTEngine

    # LiteRT notices no damage to the weights, it only predicts something else.
    engine = LiteRTEngine(run.intact(run.litert_model), threads)
    if not run.expects(run.front):
        return engine
    from bigmodel_cli.inference.front import read_front

    return of_whole_texts(RowEngine(read_front(run.intact(run.front)), engine), run)


def of_whole_texts(engine: Engine, run: RunFolder) -> Engine:
    """The engine; where a run looks at texts in windows, one that takes whole texts."""
    targets = signature_from_json(run.read_record().get("signature") or {}).targets.values()
    if not any(task.has_windows for task in targets):
        return engine
    from bigmodel_cli.inference.windowed import WindowedEngine

    return WindowedEngine(engine, run)


def _why_there_is_no_model(record: Mapping[str, Any]) -> str:
    if record.get("status") != COMPLETED:
        return "the run has no LiteRT model before its training is complete"
    reason = (record.get(LITERT) or {}).get("reason")
    return f"the run has no LiteRT model: {reason}" if reason else "the run has no LiteRT model"


def _how_it_compared(record: Mapping[str, Any]) -> str:
    compared = record.get(LITERT) or {}
    if "max_difference" not in compared:
        return "since the run has its model; how that compared with Keras's is not recorded"
    same = "classes" if compared.get("same_classes") else "numbers"
    return (
        f"since the run has its model: the same {same} as Keras on {compared['examples']} real examples, "
        f"with a largest difference of {compared['max_difference']:.2g}"
    )
