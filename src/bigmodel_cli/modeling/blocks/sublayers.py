"""What `transformer` and `transformer_decoder` share: their options, and what stands around each sublayer."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from bigmodel_cli.config.fields import Share
from bigmodel_cli.modeling.attention import Heads
from bigmodel_cli.modeling.blocks.base import Block, Connector
from bigmodel_cli.modeling.masks import without_mask

_Count = Annotated[int, Field(ge=1, le=10_000)]
_Width = Annotated[int, Field(ge=1, le=1_000_000)]
_TIMES_WIDTH = 4


class TransformerOptions(Block, ABC):
    """The options of both."""

    layers: _Count = Field(2, description="How many layers, each of attention and a feed-forward network.")
    heads: _Count = Field(
        4, description="Parts of the features that attention looks at apart; they divide the width."
    )
    width: _Width | None = Field(
        None,
        description="Features of each token inside. Where left out, as many as arrive; where others arrive, "
        "a Dense layer makes them so many.",
    )
    feed_forward: _Width | None = Field(
        None, description="Units of the hidden layer of each feed-forward network; 4 × width where left out."
    )
    activation: Literal["gelu", "relu", "silu", "tanh"] = Field("gelu", description="Of these units.")
    gated: bool = Field(
        False,
        description="Whether a second product gates the hidden layer (Shazeer 2020: GEGLU, with silu "
        "SwiGLU); it has half as many weights again.",
    )
    norm: Literal["pre", "post"] = Field(
        "pre",
        description="Where tokens are normalised: before attention and network, and at the end (trains "
        "without warm-up), or after each, as first published.",
    )
    normalization: Literal["LayerNormalization", "RMSNormalization"] = Field(
        "LayerNormalization", description="By which Keras layer."
    )
    positions: Literal["rotary", "none"] = Field(
        "none",
        description="rotary: query and key are turned by their place (Su et al. 2021), so that attention "
        "knows how far apart tokens are. none: where token_and_position has told it.",
    )
    key_value_heads: _Count | None = Field(
        None,
        description="Heads of key and value, each shared by several of the query (Ainslie et al. 2023); as "
        "many as heads where left out, and a number that divides them.",
    )
    dropout: Share = Field(
        0.0, description="The share that is dropped in training, of attention's weights and of what is added."
    )
    use_bias: bool = Field(True, description="Whether dense layers have a bias.")

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.width is not None and (wrong := self.not_divided(self.width)) is not None:
            raise ValueError(wrong)
        if self.heads % (self.key_value_heads or 1):
            raise ValueError(
                f"key_value_heads: expected a number that divides the {self.heads} heads, found "
                f"{self.key_value_heads}; {_divisors(self.heads)} do"
            )
        return self

    def not_divided(self, width: int) -> str | None:
        width = self.width or width
        if width % self.heads:
            return (
                f"heads: expected a number that divides the width {width}, found {self.heads}; "
                f"{_divisors(width)} do"
            )
        if self.positions == "rotary" and width // self.heads % 2:
            return (
                f"positions: rotary turns pairs of features, and each of the {self.heads} heads has "
                f"{width // self.heads}; write a width that 2 × heads divides"
            )
        return None

    def begun(self, tensor: Any, graph: Connector) -> tuple[Sublayers, Any]:
        """What builds sublayers, and the tokens in the block's width, without their mask.

        Raises:
            ConfigError: If no tokens arrive, or heads do not divide their width.
        """
        import keras

        if len(tensor.shape) != 3 or tensor.shape[-1] is None:
            raise graph.fail(
                None,
                f"expected tokens of shape (batch, tokens, features), found shape {tensor.shape}",
                "write token_and_position or Embedding before it",
            )
        name, width = graph.unique(self.block_name), self.width or int(tensor.shape[-1])
        if (wrong := self.not_divided(width)) is not None:
            raise graph.fail(None, wrong)
        heads = Heads(width, self.heads, self.key_value_heads or self.heads, self.dropout, self.use_bias)
        sublayers = Sublayers(self, heads, name, graph)
        tensor = without_mask(tensor)
        if width != tensor.shape[-1]:
            tensor = graph.own(keras.layers.Dense(width, name=f"{name}_width"), tensor)
        return sublayers, tensor


@dataclass(frozen=True)
class Sublayers:
    """Builds what stands around each sublayer; layers are called after `name`."""

    options: TransformerOptions
    heads: Heads
    name: str
    graph: Connector

    def added(self, tensor: Any, sublayer: Callable[[Any], Any], what: str) -> Any:
        """What went in, with what a sublayer makes of it."""
        import keras

        is_pre = self.options.norm == "pre"
        made = sublayer(self._normed(tensor, what) if is_pre else tensor)
        if self.options.dropout:
            made = self.graph.own(keras.layers.Dropout(self.options.dropout), made)
        together = self.graph.own(keras.layers.Add(name=f"{self.name}_{what}_added"), [tensor, made])
        return together if is_pre else self._normed(together, what)

    def feeding_forward(self, tensor: Any, number: int) -> Any:
        """What went in, with what the feed-forward network of this layer makes of it."""
        what = f"feed_forward_{number}"
        return self.added(tensor, partial(self._feed_forward, what=what), what)

    def _feed_forward(self, tensor: Any, what: str) -> Any:
        import keras

        options = self.options
        units = options.feed_forward or _TIMES_WIDTH * self.heads.width

        def dense(size: int, name: str, activation: str | None = None) -> Any:
            return keras.layers.Dense(
                size, activation=activation, use_bias=options.use_bias, name=f"{self.name}_{what}_{name}"
            )

        hidden = self.graph.own(dense(units, "hidden", options.activation), tensor)
        if options.gated:
            gate = self.graph.own(dense(units, "gate"), tensor)
            hidden = self.graph.own(keras.layers.Multiply(name=f"{self.name}_{what}_gated"), [hidden, gate])
        return self.graph.own(dense(self.heads.width, "output"), hidden)

    def ended(self, tensor: Any) -> Any:
        return self._normed(tensor, "end") if self.options.norm == "pre" else tensor

    def _normed(self, tensor: Any, what: str) -> Any:
        import keras

        of = getattr(keras.layers, self.options.normalization)
        # Keras's 1e-3 is meant for batches; of tokens with small features it would be a part of the variance.
        return self.graph.own(of(epsilon=1e-5, name=f"{self.name}_{what}_norm"), tensor)


def _divisors(number: int) -> str:
    found = [str(one) for one in range(1, min(number, 64) + 1) if number % one == 0]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"
