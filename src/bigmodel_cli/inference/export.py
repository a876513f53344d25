"""The inference model of a run, exported once after training so that `predict` answers at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.inference.engines import Engine, RowEngine, outputs_by_target
from bigmodel_cli.inference.export_error import ExportError
from bigmodel_cli.inference.inputs import batch_size_for
from bigmodel_cli.inference.litert import LiteRTEngine
from bigmodel_cli.inference.loading import first_line
from bigmodel_cli.inference.lookups.front import Front, Lookup
from bigmodel_cli.kinds.cells import Held
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.lookups import NoLookup, behind_lookups
from bigmodel_cli.native_output import silenced
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.stores import Store
from bigmodel_cli.tasks.scores import Scoring
from bigmodel_cli.whole_files import naming_target, whole_place, write_text

PARITY_EXAMPLES = 100
# What the one output of a model with named inputs is called.
OUTPUT = "output"
# How far the scores of an exported model may be from Keras's: float32 sums in another order.
TOLERANCE = 1e-3
# A flatbuffer holds at most 2 GB, and the conversion needs several times the model's size.
MAX_PARAMETERS = 100_000_000
# How the converter names an operation that it cannot translate.
_OPERATION = re.compile(r"'(tf\.\w+)' op")


@dataclass(frozen=True)
class Parity:
    """How an exported model answered beside the model itself.

    Attributes:
        examples: How many were compared.
        max_difference: The largest one between two probabilities, or between two predicted numbers.
        same_classes: Whether the best class was the same for each; None where numbers are predicted.
    """

    examples: int
    max_difference: float
    same_classes: bool | None

    def as_json(self) -> dict[str, Any]:
        document = {"examples": self.examples, "max_difference": self.max_difference}
        return document if self.same_classes is None else {**document, "same_classes": self.same_classes}


@dataclass(frozen=True)
class Answers:
    """What the Keras model said of examples.

    Attributes:
        examples: Read in raw form.
        scores: By target a probability per class, shape (n, classes), or numbers of shape (n, …).
        signature: What one example is.
        readings: How the outputs of each target became these scores.
        needed: Columns of numbers in which no value may be missing.
    """

    examples: Examples
    scores: Mapping[str, np.ndarray]
    signature: Signature
    readings: Mapping[str, Reading]
    needed: Sequence[str] = ()


def write_litert(run: RunFolder, model: Any, answers: Answers, listener: Listener) -> dict[str, Any]:
    """Write model.tflite, unless LiteRT cannot express the model or answers differently.

    Of a model of rows it is the part behind the lookups of words; these stand in front.json.

    Args:
        run: Where.
        model: The best checkpoint's model; its second output, if any, is what the last layer is given.
        answers: What it said of held-out examples; some of them are compared.
        listener: Is told why where there is no export.

    Returns:
        What run.json has under `litert`: how the export compared with the model, or the `reason` for which
        there is none.
    """
    try:
        if any(task.is_searched for task in answers.signature.targets.values()):
            raise ExportError("texts are searched for, token by token, which LiteRT does not do")
        if model.count_params() > MAX_PARAMETERS:
            raise ExportError(
                f"the model has {model.count_params():,} parameters; LiteRT is for at most {MAX_PARAMETERS:,}"
            )
        exported = _export_rows if answers.signature.kind.is_composed else _export_checked
        parity = exported(run, model, answers)
    except ImportError:
        reason = "ai-edge-litert is not installed"
    except ExportError as error:
        reason = error.message
    else:
        return parity.as_json()
    listener.say(f"no LiteRT model, predict will use Keras: {reason}")
    return {"reason": reason}


def _export_checked(run: RunFolder, model: Any, answers: Answers) -> Parity:
    path = run.litert_model
    with naming_target(path), whole_place(path) as temporary:
        try:
            export(model, temporary, frozen_converter)
            return check_parity(LiteRTEngine(temporary), answers)
        except ExportError:
            # On this way outputs have no order that is known: there is but one.
            export(_alone(model), temporary, saved_model_converter)
            return check_parity(LiteRTEngine(temporary), answers)


def _alone(model: Any) -> Any:
    """The model without its inner features."""
    import keras

    return model if len(model.outputs) == 1 else keras.Model(model.inputs, model.outputs[0])


def _export_rows(run: RunFolder, model: Any, answers: Answers) -> Parity:
    try:
        behind = behind_lookups(model)
    except NoLookup as error:
        raise ExportError(str(error)) from None
    front = Front({name: Lookup(**one) for name, one in behind.lookups.items()}, answers.needed)
    path = run.litert_model
    with naming_target(path), whole_place(path) as temporary:
        export(behind.back, temporary, named_converter)
        parity = check_parity(RowEngine(front, LiteRTEngine(temporary)), answers)
    write_text(run.front, front.content())
    return parity


def frozen_converter(model: Any) -> Any:
    """A converter of the model's graph with its weights as constants: a quarter of the other one's time."""
    import tensorflow as tf

    (inputs,) = model.inputs
    function = tf.function(lambda features: model(features, training=False), autograph=False)
    spec = tf.TensorSpec((None, *inputs.shape[1:]), inputs.dtype)
    return tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function(spec)])


def named_converter(model: Any, batch_size: int | None = None) -> Any:
    """A converter of a model of several inputs, or outputs, which keep their names.

    Args:
        model: A functional `keras.Model` from inputs by name.
        batch_size: How many examples go in at once; None: as many as there are.
    """
    import tensorflow as tf

    inputs = model.input

    def outputs(features: Any) -> Any:
        given = model(features, training=False)
        return given if isinstance(given, dict) else {OUTPUT: given}

    specs = {
        name: tf.TensorSpec((batch_size, *tensor.shape[1:]), tensor.dtype, name=name)
        for name, tensor in inputs.items()
    }
    concrete = tf.function(outputs, autograph=False).get_concrete_function(specs)
    # Weights that nothing is seen to hold would be empty.
    holder = tf.Module()
    holder.held = [variable.value for variable in model.variables]
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], holder)


def saved_model_converter(model: Any) -> Any:
    """A converter that goes by way of a SavedModel, which can hold what is no constant, such as tables."""
    import tensorflow as tf

    return tf.lite.TFLiteConverter.from_keras_model(model)


def export(model: Any, path: Path, converter_of: Callable[[Any], Any]) -> None:
    """Write a Keras model as a .tflite file of float32 weights.

    Args:
        model: Takes raw features.
        path: Where.
        converter_of: Makes TensorFlow's converter of the model.

    Raises:
        ExportError: If it uses operations that LiteRT lacks.
    """
    with silenced():
        try:
            content = converter_of(model).convert()
        except Exception as error:
            lacking = sorted(set(_OPERATION.findall(str(error))))
            reason = f"it lacks {', '.join(lacking)}" if lacking else first_line(error)
            raise ExportError(f"LiteRT cannot express this model: {reason}") from error
    path.write_bytes(content)


def check_parity(engine: Engine, answers: Answers) -> Parity:
    """Let an exported model predict examples that are spread over all of those that Keras has predicted.

    Args:
        engine: Predicts with it.
        answers: Keras's.

    Raises:
        ImportError: If LiteRT is not installed.
        ExportError: If a class is another one, a probability is further than `TOLERANCE` from Keras's, or a
            number is, relative to the largest.
    """
    count = min(PARITY_EXAMPLES, len(answers.examples))
    chosen = np.linspace(0, len(answers.examples) - 1, count).astype(np.int64)
    found = _scores_of(engine, answers, chosen)
    compared = [_compared(answers, name, chosen, found[name]) for name in answers.signature.targets]
    same = [one.same_classes for one in compared if one.same_classes is not None]
    return Parity(count, max(one.max_difference for one in compared), all(same) if same else None)


def _compared(answers: Answers, target: str, chosen: np.ndarray, found: np.ndarray) -> Parity:
    """How the answers for one target compare.

    Raises:
        ExportError: As `check_parity`.
    """
    expected = np.asarray(answers.scores[target][chosen], np.float64)
    found = found.reshape(expected.shape)
    difference = float(np.max(np.abs(expected - found)))
    if not difference <= TOLERANCE * max(1.0, float(np.max(np.abs(expected)))):
        raise ExportError(f"the LiteRT model answers differently: by up to {difference:.3g}")
    others = part_of(answers.signature.targets[target], Scoring).differing(expected, found)
    if others:
        raise ExportError(
            f"the LiteRT model answers differently: with another class for {others} of {len(chosen)} examples"
        )
    return Parity(len(chosen), difference, None if others is None else True)


def _scores_of(engine: Engine, answers: Answers, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """What an engine says of some examples, by target."""
    size, targets = batch_size_for(answers.signature), answers.signature.targets
    batches = (chosen[start : start + size] for start in range(0, len(chosen), size))
    outputs = [
        outputs_by_target(engine.predict(features_of(answers.examples, answers.signature, some)), targets)
        for some in batches
    ]
    return {
        name: part_of(task, Scoring).of_outputs(
            answers.examples.targets[name][chosen],
            np.concatenate([of_batch[name] for of_batch in outputs]),
            answers.readings[name],
        )
        for name, task in targets.items()
    }


def features_of(examples: Examples, signature: Signature, chosen: np.ndarray) -> Any:
    """Some examples as an engine takes them."""
    if not signature.kind.is_composed:
        return np.stack([examples.read(index) for index in chosen.tolist()])
    return {name: _held(store, chosen) for name, store in examples.inputs.items()}


def _held(store: Store, chosen: np.ndarray) -> Held:
    if store.gathers:
        return Held(store.gather(chosen), store.names)
    values = [store.read(index) for index in chosen.tolist()]
    return _of_texts(values) if store.dtype == object else Held(np.stack(values))


def _of_texts(values: Sequence[np.ndarray]) -> Held:
    texts = [str(value) for value in values]
    names = tuple(dict.fromkeys(text for text in texts if text))
    return Held(np.array([names.index(text) if text else len(names) for text in texts], np.int32), names)
