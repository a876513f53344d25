"""What is expected of a class, by the class of Keras that it is derived from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bigmodel_cli.config.catalogue import Catalogue, Parameter

# Keras's classes that only say what something is; the catalogue has none of them.
ABSTRACT: Mapping[str, str] = {
    "Layer": "layers",
    "Model": "layers",
    "Sequential": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Optimizer": "optimizers",
    "Callback": "callbacks",
    "LearningRateSchedule": "schedules",
    "Regularizer": "regularizers",
    "Initializer": "initializers",
    "Constraint": "constraints",
}
# What all classes of a family take, as these have it.
_TYPICAL: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "layers": ("Dense", ("activity_regularizer", "trainable", "dtype", "autocast", "name")),
    "losses": ("MeanSquaredError", ("reduction", "name", "dtype")),
    "metrics": ("Mean", ("name", "dtype")),
    "optimizers": (
        "SGD",
        (
            "weight_decay",
            "clipnorm",
            "clipvalue",
            "global_clipnorm",
            "use_ema",
            "ema_momentum",
            "ema_overwrite_frequency",
            "loss_scale_factor",
            "gradient_accumulation_steps",
            "name",
        ),
    ),
}


@dataclass(frozen=True)
class Contract:
    """What a class of a family has.

    Attributes:
        methods: Those that Keras calls and that the abstract class lacks.
        calls_super: Whether Keras refuses objects whose `__init__` did not call that of the base.
        is_saved: Whether it stands in the saved model, by what its `get_config` says.
        needs_config: Whether Keras has no `get_config` that would do.
        takes: How many arguments the first of `methods` is given, without `self`.
    """

    methods: tuple[str, ...]
    calls_super: bool = False
    is_saved: bool = True
    needs_config: bool = False
    takes: tuple[str, ...] = ()


CONTRACTS: Mapping[str, Contract] = {
    "layers": Contract(("call",), calls_super=True, takes=("inputs",)),
    "losses": Contract(("call",), calls_super=True, is_saved=False, takes=("y_true", "y_pred")),
    "metrics": Contract(
        ("update_state", "result"), calls_super=True, is_saved=False, takes=("y_true", "y_pred")
    ),
    "optimizers": Contract(
        ("update_step",), calls_super=True, takes=("gradient", "variable", "learning_rate")
    ),
    "callbacks": Contract((), is_saved=False),
    "schedules": Contract(("__call__",), needs_config=True, takes=("step",)),
    "regularizers": Contract(("__call__",), needs_config=True, takes=("x",)),
    "initializers": Contract(("__call__",), takes=("shape",)),
    "constraints": Contract(("__call__",), takes=("w",)),
}
# Methods of callbacks that Keras calls.
HOOKS = frozenset(
    {
        f"on_{what}_{when}"
        for what in ("epoch", "batch", "train", "test", "predict")
        for when in ("begin", "end")
    }
    | {f"on_{what}_batch_{when}" for what in ("train", "test", "predict") for when in ("begin", "end")}
)


def abstract_parameters(family: str, catalogue: Catalogue) -> dict[str, Parameter]:
    """What the abstract class of a family takes."""
    if family not in _TYPICAL:
        return {}
    name, wanted = _TYPICAL[family]
    entry = catalogue.entry(family, name)
    assert entry is not None, "Keras has had it from the beginning"
    return {key: entry.parameters[key] for key in wanted if key in entry.parameters}


def family_of(whole: str, catalogue: Catalogue, *, has_stars: bool) -> tuple[str, str | None] | None:
    """The family of a class of Keras, and its name where the catalogue has it.

    Args:
        whole: `keras.layers.Dense`.
        catalogue: Knows Keras's classes.
        has_stars: Whether the name may be one that was imported with all others.

    Returns:
        None for what is no class of Keras that a config can name.
    """
    *way, last = whole.split(".")
    if way[:1] != ["keras"] and not (has_stars and not way):
        return None
    if last in ABSTRACT:
        return ABSTRACT[last], None
    families = catalogue.families_of(last)
    inside = [family for family in families if not way[1:] or family == way[-1]]
    return (inside[0], last) if inside else None
