"""The sections of a config: each key with its default and its sentence. This is the reference."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from bigmodel_cli.class_names import class_name
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.compress import Compress
from bigmodel_cli.config.devices import PATTERN as DEVICE_PATTERN
from bigmodel_cli.config.devices import parse_device
from bigmodel_cli.config.fields import (
    OF_CLASSES,
    Augmentation,
    Callback,
    ConfigPath,
    DataSource,
    LossByTarget,
    MetricsByTarget,
    Named,
    Optimizer,
    Preprocessing,
    Share,
    Step,
    Tracker,
)
from bigmodel_cli.config.phrases import parse_every, parse_gate, parse_threshold
from bigmodel_cli.config.section import Section
from bigmodel_cli.config.tune import Time, Tune, parse_time

_NAME = re.compile(r"\w[\w .-]*")

# What `training.epochs` is beside `training.time` where nobody says it.
AS_MANY_AS_FIT = 100_000
Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
Mode = Literal["auto", "min", "max"]
# What names a class, or ends with the name of one.
ClassName = Annotated[str, AfterValidator(class_name)]
ClassWeight = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _comparison(text: str) -> str:
    parse_gate(text)
    return text


class SplitBy(Section):
    """A column that splits follow: one of the two, or both where the last of each group are held out."""

    group: str | None = Field(
        None,
        min_length=1,
        description="Examples with the same value of this column are never in two splits; shares of classes "
        "are kept as far as that allows. The column is no input, unless columns says of what kind it is.",
    )
    time: str | None = Field(
        None,
        min_length=1,
        description="What comes later in this column, dates or numbers, is held out: the latest for test, "
        "then for validation. Examples of one moment stay together, where the shares come nearest.",
    )
    last: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="So many examples of each group are held out, the last ones by `time`, or, where that is "
        "not told, as they stand: for test, and as many before them for validation. Of a group with fewer "
        "than are asked for, and one more, all are trained on.",
    )

    @model_validator(mode="after")
    def _one(self) -> SplitBy:
        if self.last is not None:
            if self.group is None:
                raise ValueError(
                    "last: expected the group of which it is: {group: user, time: when, last: 1}"
                )
        elif (self.group is None) == (self.time is None):
            raise ValueError("group: expected one of {group: COLUMN} and {time: COLUMN}")
        return self

    @property
    def column(self) -> str:
        return self.group or self.time or ""


class Fold(Section):
    """One of the parts that cross-validation deals the examples into: it is the test split."""

    number: Annotated[int, Field(ge=1)] = Field(description="Which part, from 1.")
    of: Annotated[int, Field(ge=2)] = Field(
        description="How many parts there are: stratified, whole groups of `split_by: {group: …}`, or, by "
        "`{time: …}`, each tested by what was trained on all before it."
    )
    repeat: Annotated[int, Field(ge=1)] = Field(
        1, description="Which of several ways to deal the same examples, from 1; each follows from the seed."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Fold:
        if self.number > self.of:
            raise ValueError(
                f"number: expected 1 to {self.of}, as many as there are folds, found {self.number}"
            )
        return self

    def __str__(self) -> str:
        return f"fold {self.number} of {self.of}" + (f", repeat {self.repeat}" if self.repeat > 1 else "")


class Data(Section):
    """Where the examples come from and how they are split."""

    source: DataSource = Field(description="The data source: a name, or a name with its options.")
    validation: Share | Literal["auto"] = Field(
        "auto",
        description="Share of the training part that is held out for validation, stratified, by seed; "
        "auto: the source's own validation split, else 0.1; 0: none.",
    )
    test: Share | Literal["auto"] = Field(
        "auto",
        description="Share that is held out for the final test; auto: the source's own test split, else 0.1 "
        "where the source has no other held-out split; 0: none.",
    )
    batch_size: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        32,
        description="Examples per training step; auto: the largest power of two that fits into memory, "
        "at most 4,096 and a tenth of the training split, in steps of less than 5 seconds.",
    )
    on_bad_file: Literal["stop", "skip"] = Field(
        "stop",
        description="What happens where an image file is missing or cannot be read: stop with exit code 3, "
        "or skip: leave it out and count it.",
    )
    split_by: Literal["random"] | SplitBy = Field(
        "random",
        description="How splits are cut: at random, each class by its share; or {group: COLUMN} or "
        "{time: COLUMN} of what the source tells of its examples.",
    )
    fold: Fold | None = Field(
        None,
        exclude=True,
        description="Which part of cross-validation is the test split, as `bigmodel crossval` writes it: "
        "{number: 2, of: 5}; null: splits are cut by share.",
    )
    cache: Literal["auto", "memory", "disk", "none"] = Field(
        "auto",
        description="Where decoded image files are kept, so that only the first epoch decodes; or, "
        "where the first layers do not learn and nothing random stands before them, what they give for each "
        "example, so that they are computed once. auto: in memory up to 1 GB and an eighth of what is free, "
        "else on disk up to 20 GB and a quarter of what is free, else none; none too in a single epoch.",
    )
    length_buckets: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        "auto",
        description="How many lengths batches of texts have at most: texts of about equal length stand in "
        "one batch, which has hardly more places than they need; 1: every batch has room for the longest "
        "text. auto: 8 where that saves a fifth of the places and the model gives the same without padding, "
        "else 1.",
    )
    class_weights: Annotated[Literal["balanced"] | dict[ClassName, ClassWeight] | None, OF_CLASSES] = Field(
        None,
        description="What the loss of a training example counts, by its class; balanced: all classes count "
        "the same in sum; or a number per class, 1 where one is left out. Either is scaled to 1 on average "
        "over the training examples.",
    )
    oversample: Annotated[Literal["balanced"] | None, OF_CLASSES] = Field(
        None,
        description="balanced: each epoch repeats examples of rare classes, until every class is seen as "
        "often as the largest one; the steps per epoch become more.",
    )

    @field_validator("class_weights")
    @classmethod
    def _class_weights(cls, value: str | dict[str, float] | None) -> str | dict[str, float] | None:
        if value == {}:
            raise ValueError("expected balanced, or a number per class, found an empty mapping")
        return value

    @property
    def pinned_batch_size(self) -> int:
        """`batch_size` where it is a number: always, once a run has begun."""
        assert self.batch_size != "auto", "batch_size: auto becomes a number before a run begins"
        return self.batch_size


class Checkpoint(Section):
    """Which states of the model are kept."""

    monitor: str | None = Field(
        "auto",
        description="The metric that decides which epoch is the best; auto: the first metric on the "
        "validation split, or its loss; null, or auto without a validation split: the last epoch is the "
        "best. Of epochs that are alike by it the one with the smaller loss on validation is.",
    )
    mode: Mode = Field("auto", description="Whether a smaller (min) or a larger (max) value is better.")
    every: str = Field(
        "epoch",
        description="How often the last state is saved: `epoch`, `N epochs`, `N steps`, or `N seconds`, "
        "`minutes`, `hours`; inside an epoch too.",
    )
    keep: Annotated[int, Field(ge=1)] = Field(
        1, description="How many of the last saved states are kept; the best one is always kept."
    )

    @field_validator("every")
    @classmethod
    def _every(cls, value: str) -> str:
        parse_every(value)
        return value

    @property
    def named_monitor(self) -> str | None:
        """The metric that `monitor` names, if it names one."""
        return None if self.monitor == "auto" else self.monitor


class Rollback(Section):
    """What happens after training diverged, where `on_divergence` is `rollback`."""

    factor: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.5, description="What the learning rate is multiplied by."
    )
    times: Annotated[int, Field(ge=1)] = Field(
        3, description="How many times before the run stops after all."
    )


class Training(Section):
    """How long and on what the model is trained."""

    epochs: Annotated[int, Field(ge=1)] = Field(
        10,
        description="Times that the training split is seen; beside `time` at most so many, and as many as "
        "fit where it is left out.",
    )
    time: Time | None = Field(
        None,
        description="How long the whole run may take, over all its sessions, such as `30 minutes`: training "
        "ends in time for evaluation, export and report, and a schedule without decay_steps ends with it. "
        "Whichever of epochs and time ends first.",
    )
    callbacks: list[Callback] = Field([], description="Keras callbacks.")
    checkpoint: Checkpoint = Field(Checkpoint(), description="Which states of the model are kept.")
    on_divergence: Literal["stop", "rollback"] = Field(
        "stop",
        description="What happens when the loss is not a number any more: stop with exit code 5, or go back "
        "to the last good state with a lower learning rate.",
    )
    rollback: Rollback = Field(Rollback(), description="How far `on_divergence: rollback` goes.")
    precision: Precision = Field(
        "auto",
        description="Keras's dtype policy; auto: by the device, and measured where a processor has bfloat16.",
    )
    device: str = Field(
        "auto",
        json_schema_extra={"pattern": DEVICE_PATTERN},
        description="auto: the first GPU, else the CPU; cpu, gpu, all GPUs, or some, such as gpu:0,2. Each "
        "of several has a replica of the model and its part of every batch; so have cpu:0-3, on one CPU.",
    )
    accumulate: Annotated[int, Field(ge=1)] = Field(
        1,
        description="Compute each batch in so many parts, one after the other, and learn from all of them "
        "together: for a batch_size that does not fit into memory. Batch normalisation sees part by part.",
    )
    deterministic: bool = Field(
        False, description="Bit-identical results on the same machine, where slower too."
    )
    steps_per_execution: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        "auto",
        description="Training steps per call into TensorFlow; auto: as many as keep the display alive.",
    )
    jit_compile: bool | Literal["auto"] = Field(
        "auto",
        description="Compile the training step with XLA; auto: on GPUs, elsewhere where it is measured to be "
        "faster and the trial is worth its time.",
    )

    @model_validator(mode="before")
    @classmethod
    def _as_many_as_fit(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("time") is not None and "epochs" not in values:
            return {**values, "epochs": AS_MANY_AS_FIT}
        return values

    @property
    def may_end_early(self) -> bool:
        """Whether a limit of time or a callback may end it before its epochs do."""
        return self.time is not None or any(one.name == "EarlyStopping" for one in self.callbacks)

    @property
    def seconds(self) -> float | None:
        """`time` in seconds; None where there is no limit."""
        return None if self.time is None else parse_time(self.time)

    @field_validator("device")
    @classmethod
    def _device(cls, value: str) -> str:
        parse_device(value)
        return value


class Calibrate(Section):
    """What is decided on the model's probabilities, chosen on the validation split and kept with the run."""

    temperature: bool = Field(
        True,
        description="Divide logits by the number with the smallest log loss, so that a probability of 0.8 is "
        "right in 80 % of cases; the most probable class stays the same.",
    )
    threshold: str | None = Field(
        None,
        description="From which probability on `positive` is decided for: with the best `f1` or "
        '`balanced_accuracy`, or the most recall at `"precision >= 0.9"`, or the most precision at '
        '`"recall >= 0.9"`; null: the most probable class.',
    )
    positive: ClassName | None = Field(
        None,
        description="The class that is looked for; with two classes the second one where left out.",
    )

    @field_validator("threshold")
    @classmethod
    def _threshold(cls, value: str | None) -> str | None:
        if value is not None:
            parse_threshold(value)
        return value


def _of_one(value: Any, target: str) -> Any:
    """What is asked for one target, where it may be by target."""
    return value.get(target) if isinstance(value, Named) else value


class Experiment(Section):
    """One config: everything that a training run needs to know."""

    name: str = Field("", description="Name of the run's folder; the config file's name where left out.")
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(
        0, description="Fixes splits, order, weights and noise."
    )
    code: list[ConfigPath] | ConfigPath = Field(
        [],
        exclude=True,
        description="A Python file of your own, or several, whose Keras classes and functions are names of "
        "this config.",
    )
    data: Data = Field(description="Where the examples come from and how they are split.")
    preprocessing: Preprocessing = Field(
        [], description="Keras layers that are saved inside the model; adapted on the training split."
    )
    augmentation: Augmentation = Field(
        [], description="Keras layers, and augmentations of our own, that are active in training only."
    )
    model: list[Step] = Field(
        min_length=1, description="Layers, applications and blocks, from first to last."
    )
    loss: LossByTarget = Field(description="A Keras loss.")
    loss_weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(
        {}, description="What the loss of each of several targets counts in their sum, by target; else 1."
    )
    optimizer: Optimizer = Field(description="A Keras optimizer.")
    metrics: MetricsByTarget = Field(
        "auto", description="Keras metrics; auto: accuracy for classes, mean absolute error for numbers."
    )
    training: Training = Field(Training(), description="How long and on what the model is trained.")
    calibrate: Annotated[Calibrate | None, OF_CLASSES] = Field(
        None,
        description="What is decided on the model's probabilities, chosen on the validation split; `{}`: a "
        "temperature; null: nothing, the most probable class is decided for.",
    )
    compress: Compress | None = Field(
        None,
        exclude=True,
        description="What makes the model smaller while it is trained; null: nothing.",
    )
    expect: dict[ClassName, Annotated[str, AfterValidator(_comparison)]] = Field(
        {},
        description='Quality gates, such as {test_accuracy: ">= 0.99"}; a missed one ends with exit code 4.',
    )
    track: list[Tracker] = Field(
        [],
        exclude=True,
        description="Where else the run is followed: mlflow, wandb, tensorboard; what is trained does not "
        "depend on it.",
    )
    tune: Tune | None = Field(
        None,
        exclude=True,
        description="What `bigmodel tune` searches; `bigmodel train` trains the config as it is.",
    )

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if value and (not _NAME.fullmatch(value) or len(value) > 100):
            raise ValueError(
                f"expected a name for a folder (letters, digits, '-', '_', '.'), found {value!r}"
            )
        return value

    @field_validator("track")
    @classmethod
    def _track(cls, value: list[Component]) -> list[Component]:
        names = [tracker.name for tracker in value]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"expected each tracker once, found {twice[0]} {names.count(twice[0])} times")
        return value

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that are predicted, where the source's options name them."""
        return getattr(self.data.source.options, "target_names", ())

    def of_target(self, target: str) -> Experiment:
        """The experiment as if it had this target alone: its loss, its metrics, the steps to its output."""
        loss = self.loss[target] if isinstance(self.loss, dict) else self.loss
        metrics = self.metrics.get(target, "auto") if isinstance(self.metrics, dict) else self.metrics
        steps = self.model
        if len(self.targets) > 1:
            place = next((n for n, step in enumerate(steps, 1) if step.step == target), len(steps))
            steps = steps[:place]
        options = {key: _of_one(getattr(self.data, key), target) for key in ("class_weights", "oversample")}
        update = {
            "loss": loss,
            "metrics": metrics,
            "model": steps,
            "calibrate": _of_one(self.calibrate, target),
            "data": self.data.model_copy(update=options),
        }
        return self.model_copy(update=update)

    @property
    def compression(self) -> Compress | None:
        """`compress`, with what is left to the length of training written out."""
        asked, training = self.compress, self.training
        return asked and asked.decided(training.epochs, may_end_early=training.may_end_early)

    @property
    def shared_preprocessing(self) -> list[Component]:
        """The layers of preprocessing, where these are the same for all."""
        return self.preprocessing if isinstance(self.preprocessing, list) else []

    @property
    def shared_augmentation(self) -> list[Component]:
        """The layers of augmentation, likewise."""
        return self.augmentation if isinstance(self.augmentation, list) else []
