"""What training relies on and Keras does not document; run first, so that it names what an upgrade broke."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.errors import BigmodelError

pytestmark = [pytest.mark.tf, pytest.mark.first]

SOURCE = Path(__file__).resolve().parents[1] / "src" / "bigmodel_cli"


def built_optimizer(name: str, **arguments: Any) -> Any:
    import keras

    optimizer = getattr(keras.optimizers, name)(**arguments)
    optimizer.build([keras.Variable([1.0])])
    return optimizer


def has(owner: Any, *names: str) -> None:
    missing = [name for name in names if not hasattr(owner, name)]
    assert not missing, f"{type(owner).__name__} has no {', '.join(missing)}"


def takes(function: Callable[..., Any], *names: str) -> None:
    missing = set(names) - set(inspect.signature(function).parameters)
    assert not missing, f"{function} takes no {', '.join(sorted(missing))}"


def adams_slots() -> None:
    for name in ("Adam", "AdamW"):
        optimizer = built_optimizer(name)
        has(optimizer, "_momentums", "_velocities", "_get_variable_index", "update_step", "amsgrad")
        # What `ScheduleLength` changes the length of, and `TriedRate` the rate.
        has(optimizer, "_learning_rate", "_get_current_learning_rate")
        has(optimizer._momentums[0].value, "handle")


def sgds_slots() -> None:
    has(built_optimizer("SGD", momentum=0.9), "momentums", "_get_variable_index", "update_step", "nesterov")


def sums_over_replicas() -> None:
    """Keras adds gradients up there; else they would be added up twice."""
    import keras

    for name in ("Adam", "SGD", "RMSprop"):
        has(built_optimizer(name), "_all_reduce_sum_gradients")
    calls = inspect.getsource(inspect.getmodule(keras.optimizers.Optimizer.__mro__[1]))
    assert "self._all_reduce_sum_gradients(grads_and_vars)" in calls
    has(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()), "inner_optimizer", "scale_loss")


def seeds() -> None:
    import keras

    takes(keras.random.SeedGenerator.next, "self", "ordered")
    assert keras.random.SeedGenerator(1).next().dtype == "int64"


def batch_norms_call() -> None:
    import keras

    layer = keras.layers.BatchNormalization()
    takes(layer.call, "inputs", "training", "mask")
    has(layer, "renorm", "synchronized", "axis", "center", "scale", "epsilon", "momentum")
    layer.build((None, 4, 4, 2))
    has(layer, "gamma", "beta", "moving_mean", "moving_variance")


def random_transformations() -> None:
    import keras
    import numpy as np

    images = np.zeros((3, 4, 6, 1), np.float32)
    flip, rotation = keras.layers.RandomFlip(), keras.layers.RandomRotation((0.25, 0.25))
    assert set(flip.get_random_transformation(images, training=True)) >= {"flips"}
    matrix = np.asarray(rotation.get_random_transformation(images, training=True)["rotation_matrix"])
    # A quarter turn about the middle: where a pixel comes from, as a row of eight numbers.
    assert matrix.shape == (3, 8) and np.allclose(matrix[:, 6:], 0)
    assert np.allclose(matrix[0, [0, 4]], 0, atol=1e-6) and np.allclose(matrix[0, 1], -matrix[0, 3])
    takes(rotation.transform_images, "images", "transformation", "training")
    has(flip, "mode", "data_format")


def counters_of_callbacks() -> None:
    import keras

    from bigmodel_cli.training.callback_state import COUNTERS, require_counters

    arguments: dict[str, dict[str, Any]] = {
        "ModelCheckpoint": {"filepath": "x.keras"},
        "OrbaxCheckpoint": {"directory": "x"},
    }
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    for name in COUNTERS:
        if name == "OrbaxCheckpoint":
            # Needs a package that is not ours; so it is read, and not made.
            text = inspect.getsource(getattr(keras.callbacks, name))
            assert all(f"self.{key}" in text for key in COUNTERS[name] if key != "best")
            continue
        callback = getattr(keras.callbacks, name)(**arguments.get(name, {}))
        if name not in ("SwapEMAWeights", "TensorBoard"):
            callback.set_model(model)
            callback.on_train_begin()
        require_counters([callback])


def backup_and_restore() -> None:
    import keras

    has(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]), "_initial_epoch")
    assert "self.model._initial_epoch = " in inspect.getsource(keras.callbacks.BackupAndRestore)


def raw_operations() -> None:
    import tensorflow as tf

    takes(tf.raw_ops.ResourceApplyAdam, "var", "m", "v", "beta1_power", "beta2_power", "lr", "beta1", "grad")
    takes(tf.raw_ops.ResourceApplyKerasMomentum, "var", "accum", "lr", "grad", "momentum", "use_nesterov")
    takes(tf.raw_ops.ResourceApplyGradientDescent, "var", "alpha", "delta")
    takes(tf.raw_ops.FusedBatchNormV3, "x", "scale", "offset", "mean", "variance", "epsilon", "is_training")


def models_are_rebuilt() -> None:
    import keras

    takes(keras.models.clone_model, "model", "input_tensors", "clone_function", "call_function")
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    has(model, "operations", "outputs")
    assert isinstance(model, keras.Function)
    (_, layer) = model.get_config()["layers"]
    assert layer["class_name"] == "Dense" and "dtype" in layer["config"]
    (first, _) = model.get_config()["layers"]
    assert first["class_name"] == "InputLayer" and first["config"]["dtype"] == "float32"


def names_of_policies() -> None:
    import keras

    for name, dtype in (("mixed_bfloat16", "bfloat16"), ("mixed_float16", "float16")):
        policy = keras.dtype_policies.get(name)
        assert (policy.name, policy.compute_dtype, policy.variable_dtype) == (name, dtype, "float32")


def modules_in_archives() -> None:
    """Keras's own classes are told by the modules that it writes."""
    import keras

    written = keras.saving.serialize_keras_object(keras.layers.Dense(1))
    assert (written["module"], written["class_name"]) == ("keras.layers", "Dense")
    assert written["registered_name"] is None
    assert keras.layers.Dense.__module__.startswith("keras.src.")


def what_a_step_calls() -> None:
    import keras

    takes(keras.Model.compute_loss, "x", "y", "y_pred", "sample_weight", "training")
    has(keras.optimizers.SGD(), "apply", "build", "iterations", "learning_rate", "scale_loss")
    takes(keras.callbacks.CallbackList.__init__, "callbacks", "model")


def masks_of_tensors() -> None:
    """A model is not cut where a mask would be lost."""
    import keras

    embedded = keras.layers.Embedding(4, 2, mask_zero=True)(keras.Input((3,), dtype="int32"))
    assert getattr(embedded, "_keras_mask", None) is not None
    pooled = keras.layers.GlobalAveragePooling1D()(embedded)
    assert getattr(pooled, "_keras_mask", None) is None


def low_rank_weights() -> None:
    """They are in no saved model, so that checkpoints keep them beside it."""
    import keras

    layer = keras.layers.Dense(3, lora_rank=2)
    layer.build((None, 4))
    assert layer.lora_enabled
    names = [weight.name for weight in layer.weights]
    assert [name for name in names if name.startswith("lora_")] == ["lora_kernel_a", "lora_kernel_b"]
    takes(layer.enable_lora, "rank")


def graphs_of_layers() -> None:
    """What follows a layer decides where it is rounded; a foreign model is called on other tensors."""
    import keras

    inputs = keras.Input((2,))
    dense = keras.layers.Dense(3)
    output = keras.layers.ReLU()(dense(inputs))
    assert [type(node.operation).__name__ for node in dense._outbound_nodes] == ["ReLU"]
    operation, node_index, _ = output._keras_history
    assert operation._inbound_nodes[node_index].input_tensors == [dense.output]
    takes(keras.Function(inputs, output)._run_through_graph, "inputs", "operation_fn")


def averages_of_weights() -> None:
    """What is pruned is 0 in them too."""
    import keras

    optimizer = keras.optimizers.SGD(use_ema=True)
    variable = keras.Variable([1.0])
    optimizer.build([variable])
    (average,) = optimizer._model_variables_moving_average
    assert average.shape == variable.shape


CHECKS = [
    adams_slots,
    sgds_slots,
    sums_over_replicas,
    seeds,
    batch_norms_call,
    random_transformations,
    counters_of_callbacks,
    backup_and_restore,
    raw_operations,
    models_are_rebuilt,
    names_of_policies,
    modules_in_archives,
    what_a_step_calls,
    masks_of_tensors,
    low_rank_weights,
    graphs_of_layers,
    averages_of_weights,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_keras_has_what_training_relies_on(check: Callable[[], None], tmp_path: Path) -> None:
    check()


# What takes the name of an attribute.
ALWAYS = ("relied_on", "replaced", "_slot")
ASKING = ("getattr", "hasattr", "setattr", *ALWAYS)


def private_names(path: Path) -> Iterator[str]:
    """Private names of others that a file touches: attributes, and names of attributes as text."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and re.fullmatch(r"_[a-z]\w*[a-z]", node.attr):
            if ast.unparse(node.value) not in ("self", "cls", "super()"):
                yield node.attr
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ASKING:
            words = [str(word.value) for word in node.args if isinstance(word, ast.Constant)]
            yield from (word for word in words if word.startswith("_") or node.func.id in ALWAYS)
        elif isinstance(node, ast.ImportFrom) and re.match(
            r"(keras\.src|tensorflow\.python)\b", node.module or ""
        ):
            yield str(node.module)


def test_rows_that_were_chosen_of_a_dataset_have_their_places_in_a_column() -> None:
    """What a saved selection of Hugging Face's datasets is read by, without writing it anew."""
    datasets = pytest.importorskip("datasets")
    chosen = datasets.Dataset.from_dict({"x": [5, 6, 7, 8]}).select([3, 0, 2])
    assert chosen._indices.column(0).to_pylist() == [3, 0, 2]
    assert datasets.Dataset.from_dict({"x": [5]})._indices is None


def test_no_other_private_name_is_touched() -> None:
    """A new one belongs into a check above, where the next upgrade is tried first."""
    ours = inspect.getsource(inspect.getmodule(test_no_other_private_name_is_touched))  # type: ignore[arg-type]
    from bigmodel_cli.training.callback_state import COUNTERS

    counted = {key for keys in COUNTERS.values() for key in keys}
    # Of Python, and of our own classes.
    others = {"_exit", "_run_exitfuncs", "_received", "_reconstruct", "_update", "_metrics"}
    others |= {"_trust", "_made", "_families", "_decoder"}
    for path in sorted(SOURCE.rglob("*.py")):
        unknown = {name for name in private_names(path) if name not in ours} - counted - others
        assert not unknown, f"{path.relative_to(SOURCE)}: {', '.join(sorted(unknown))}"


@pytest.fixture
def renamed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Takes a name away from a class of Keras, as another version might."""
    import keras

    def call(kind: str, name: str) -> None:
        family, _, cls = kind.partition(".")
        for base in getattr(getattr(keras, family), cls).__mro__:
            if name in vars(base):
                monkeypatch.delattr(base, name)

    return call


def test_a_method_that_nothing_calls_is_not_replaced(renamed: Callable[[str, str], None]) -> None:
    from bigmodel_cli.modeling.replicas.gradients import summed_already

    optimizer = built_optimizer("SGD")
    renamed("optimizers.SGD", "_all_reduce_sum_gradients")
    with (
        pytest.raises(
            BigmodelError, match="SGD has no _all_reduce_sum_gradients, on which training relies"
        ) as caught,
        summed_already(optimizer),
    ):
        pass
    assert (caught.value.hint or "").startswith("pip install keras==")
    assert caught.value.exit_code == 1


def test_a_slot_that_was_renamed_is_named(renamed: Callable[[str, str], None]) -> None:
    import tensorflow as tf

    from bigmodel_cli.modeling.fused.updates import fused_updates

    optimizer = built_optimizer("Adam")
    optimizer._speeds = optimizer.__dict__.pop("_velocities")
    variable = optimizer._trainable_variables[0]
    with pytest.raises(BigmodelError, match="Adam has no _velocities"), fused_updates(optimizer):
        optimizer.apply([tf.constant([1.0])], [variable])


def test_seeds_that_are_drawn_in_another_way_are_said(renamed: Callable[[str, str], None]) -> None:
    from bigmodel_cli.modeling.replicas.randomness import different_seeds

    renamed("random.SeedGenerator", "next")
    with pytest.raises(BigmodelError, match="SeedGenerator has no next"), different_seeds():
        pass


@pytest.mark.parametrize("name", ["wait", "best_epoch", "best_weights"])
def test_a_counter_that_was_renamed_is_no_silent_loss(name: str) -> None:
    import keras

    from bigmodel_cli.training.callback_state import require_counters

    callback = keras.callbacks.EarlyStopping(monitor="loss")
    callback.on_train_begin()
    require_counters([callback])
    delattr(callback, name)
    with pytest.raises(BigmodelError, match=f"EarlyStopping has no {name}"):
        require_counters([callback])
