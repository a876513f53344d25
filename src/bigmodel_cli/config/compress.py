"""The section `compress`: what makes a model smaller while it is trained."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bigmodel_cli.config.section import Section

AUTO = "auto"
_EPOCH = re.compile(r"epoch ([1-9]\d{0,8})", re.ASCII)
# Where pruning begins and where its sparsity is reached, as shares of a run's epochs.
_FROM, _TO = 0.25, 0.75
# After which share of them rounding begins.
_ROUNDING = 0.75


def parse_epoch(text: str) -> int:
    """`epoch 2` as a number.

    Raises:
        ValueError: If it is none.
    """
    match = _EPOCH.fullmatch(text)
    if not match:
        raise ValueError(f"expected an epoch such as `epoch 2`, or auto, found {text!r}")
    return int(match.group(1))


def _number_is_no_epoch(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"expected an epoch such as `epoch 2`, or auto, found {value}")
    return value


def _epoch_or_auto(text: str) -> str:
    if text != AUTO:
        parse_epoch(text)
    return text


Epoch = Annotated[str, BeforeValidator(_number_is_no_epoch), AfterValidator(_epoch_or_auto)]


class Prune(Section):
    """Weights that become 0 while the others learn to do without them (Zhu and Gupta 2017)."""

    sparsity: Annotated[float, Field(gt=0, lt=1)] = Field(
        description="The share of the weights of all kernels together that are 0 in the end: those go first "
        "that their kernel would miss least, and of each kernel something is left."
    )
    begin: Epoch = Field(
        AUTO,
        alias="from",
        description="The epoch with whose first step pruning begins, such as `epoch 2`; auto: after a "
        "quarter of the epochs.",
    )
    end: Epoch = Field(
        AUTO,
        alias="to",
        description="The epoch that begins with the whole sparsity; those after it, and it, train what is "
        "left, and one of them becomes the best checkpoint. auto: after three quarters of them.",
    )

    structure: Literal["none", "channels"] = Field(
        "none",
        description="channels: whole channels go, the same share of each layer's; the model that predicts, "
        "and is exported, is really smaller and faster.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Prune:
        if AUTO not in (self.begin, self.end) and parse_epoch(self.begin) > parse_epoch(self.end):
            raise ValueError(
                f"from: expected {self.end}, as `to` has it, or an earlier one, found {self.begin}"
            )
        return self

    @property
    def epochs_named(self) -> dict[str, str]:
        """Its epochs by key."""
        return {"from": self.begin, "to": self.end}

    @property
    def whole(self) -> str:
        """The epoch with which all that was asked for is there."""
        return self.end

    def epochs(self, num_epochs: int) -> tuple[int, int]:
        """The first epoch that prunes, and the one that begins with the whole sparsity, both from 1.

        Args:
            num_epochs: Of the run, for what is left to it.
        """
        begin, end = self.begin, self.end
        last = min(num_epochs, round(_TO * num_epochs) + 1) if end == AUTO else parse_epoch(end)
        first = min(last, round(_FROM * num_epochs) + 1) if begin == AUTO else parse_epoch(begin)
        return first, max(first, last)

    def decided(self, num_epochs: int) -> Prune:
        """The same with both epochs written out."""
        first, last = self.epochs(num_epochs)
        return self.model_copy(update={"begin": f"epoch {first}", "end": f"epoch {last}"})


class Quantize(Section):
    """Rounding in training to what 8 bits can express (Jacob et al. 2018)."""

    mode: Literal["int8"] = Field(
        "int8", description="int8: 255 steps for each output channel of a kernel, 256 for what a layer gives."
    )
    begin: Epoch = Field(
        AUTO,
        alias="from",
        description="The epoch with whose first step rounding begins, such as `epoch 4`; before it ranges "
        "are only looked at. One that rounds becomes the best checkpoint. auto: after three quarters of the "
        "epochs; from the first one where `training.time` or EarlyStopping decides how many there are.",
    )

    @property
    def epochs_named(self) -> dict[str, str]:
        """Its epochs by key."""
        return {"from": self.begin}

    @property
    def whole(self) -> str:
        """The epoch with which all that was asked for is there."""
        return self.begin

    def first_epoch(self, num_epochs: int, *, may_end_early: bool) -> int:
        """The first epoch that rounds, from 1.

        Args:
            num_epochs: Of the run.
            may_end_early: Whether something may end it before these.
        """
        if self.begin != AUTO:
            return parse_epoch(self.begin)
        return 1 if may_end_early else min(num_epochs, round(_ROUNDING * num_epochs) + 1)


class Distill(Section):
    """A larger model, from which a smaller one learns beside the labels (Hinton et al. 2015)."""

    teacher: Annotated[str, Field(min_length=1)] = Field(
        description="A complete run with the same classes: its folder, from where the config is, or its "
        "name, as `--run` takes it."
    )
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        4.0,
        description="What the logits of both are divided by: more shows more of what looks alike to the "
        "teacher.",
    )
    weight: Annotated[float, Field(gt=0, le=1)] = Field(
        0.7, description="What the teacher counts in the loss; the rest is that of the labels."
    )


class Compress(Section):
    """What makes a model smaller while it is trained."""

    prune: Prune | None = Field(
        None, description="Let weights become 0 while the others learn on: the zipped file is smaller."
    )
    quantize: Literal["int8"] | Quantize | None = Field(
        None,
        description="int8: train with what 8 bits can express, so that an export in int8 loses less, and "
        "needs no calibration; or `{from: epoch 4}`.",
    )
    distill: Distill | None = Field(
        None, description="Learn from a larger model's probabilities too: a small one becomes better."
    )

    def decided(self, num_epochs: int, *, may_end_early: bool) -> Compress:
        """The same with what is left to the length of a run written out.

        Args:
            num_epochs: Of the run.
            may_end_early: Whether something may end it before these.
        """
        rounding = self.rounding
        if rounding is not None:
            first = rounding.first_epoch(num_epochs, may_end_early=may_end_early)
            rounding = rounding.model_copy(update={"begin": f"epoch {first}"})
        prune = self.prune and self.prune.decided(num_epochs)
        return self.model_copy(update={"prune": prune, "quantize": rounding})

    @property
    def rounding(self) -> Quantize | None:
        """`quantize` as a section, however short it is written."""
        return Quantize() if isinstance(self.quantize, str) else self.quantize

    @property
    def scheduled(self) -> dict[str, Prune | Quantize]:
        """What begins with an epoch, by key."""
        parts = {"prune": self.prune, "quantize": self.rounding}
        return {key: part for key, part in parts.items() if part is not None}

    @property
    def loses_channels(self) -> bool:
        """Whether whole channels go."""
        return self.prune is not None and self.prune.structure == "channels"

    @property
    def whole_from(self) -> int:
        """The first epoch, from 1, after which the model is what was asked for; once that is decided."""
        return max((parse_epoch(part.whole) for part in self.scheduled.values()), default=1)
