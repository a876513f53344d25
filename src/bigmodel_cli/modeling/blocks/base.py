"""What a block is: options from the config, tensors in, a tensor out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from bigmodel_cli.config.components import Component, DataNumber


class Connector(Protocol):
    """What a block may ask of the graph that it is built into."""

    def chain(self, steps: Sequence[Component], tensor: Any) -> Any:
        """Connect `steps` one after the other to a `keras.KerasTensor`; names inside stay inside."""

    def step(self, component: Component, tensor: Any) -> Any:
        """Connect one step to a `keras.KerasTensor` or a list of them."""

    def maps(self, steps: Sequence[Component], tensor: Any) -> list[Any]:
        """All tensors that steps make of one, in order; the layers of an application stand by themselves."""

    def own(self, layer: Any, tensor: Any, **more: Any) -> Any:
        """Connect a Keras layer that the block adds itself; `more` are further arguments of its call."""

    def learn_words(self, layer: Any, tensor: Any) -> None:
        """Let a layer of the block that looks words up learn them from the training rows."""

    def unique(self, name: str) -> str:
        """The name for layers of a block, with a number where the model has several such blocks."""

    def vocabulary_size(self, told: int | DataNumber | None) -> int:
        """How many tokens there are: as the config tells, else as the column has that the block gets."""

    def vocabulary_sizes(self) -> Sequence[int | None]:
        """How many tokens each of the inputs has that the block names; None of one that looks none up."""

    def has_padding(self) -> bool:
        """Whether the token 0 stands for none in what the block gets."""

    def once(self, key: tuple[Any, Any], make: Callable[[], Any]) -> Any:
        """What is made once for a name and the tensor, or tensors, that arrive."""

    def fail(self, component: Component | None, message: str, suggestion: str | None = None) -> Exception:
        """The error to raise where the block cannot be built; it points at the config."""


class Block(BaseModel, ABC):
    """The options of a block; `connect` builds it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    block_name: ClassVar[str]
    example: ClassVar[str]
    # Of a block that takes several inputs, what each of them is.
    takes: ClassVar[tuple[str, ...]] = ()

    def not_divided(self, width: int) -> str | None:
        """What is wrong with the options where tokens of this width arrive; begins with the key."""
        return None

    @abstractmethod
    def connect(self, tensor: Any, graph: Connector) -> Any:
        """Build the block onto a `keras.KerasTensor` and return its output."""
