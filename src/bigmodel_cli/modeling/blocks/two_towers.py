"""`two_towers`: what is known of who asks beside what is known of an item, as vectors to be multiplied."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, StrictBool

from bigmodel_cli.modeling.blocks.base import Block, Connector
from bigmodel_cli.modeling.towers import inputs_before


class TwoTowers(Block):
    """Two vectors to one that has both: (batch, d) each to (batch, 2 d) (Yi et al. 2019).

    The first half, of who asks, is divided by the temperature; what an item scores is the product of both.
    Nothing that the item's side is made of may depend on who asks, so that each item has one vector.
    """

    block_name: ClassVar[str] = "two_towers"
    example: ClassVar[str] = "two_towers: {inputs: [user_side, item_side], temperature: 0.05}"
    takes: ClassVar[tuple[str, ...]] = ("the side of who asks", "the item's side")

    normalized: StrictBool = Field(
        True, description="Whether vectors are made of length 1 first, so that scores are cosines."
    )
    temperature: Annotated[float, Field(gt=0)] = Field(
        0.05, description="What scores are divided by: smaller ones tell the best items apart more sharply."
    )

    def connect(self, tensor: Any, graph: Connector) -> Any:
        import keras
        from keras import ops

        sides = tensor if isinstance(tensor, list) else [tensor]
        shapes = [tuple(side.shape) for side in sides]
        if len(sides) != 2 or any(len(shape) != 2 for shape in shapes) or shapes[0] != shapes[1]:
            raise graph.fail(
                None,
                "expected two vectors of one length, (batch, d) each; found "
                f"{' and '.join(map(str, shapes))}",
                "name both in inputs: [USER_SIDE, ITEM_SIDE], each behind a Dense of the same units",
            )
        both = {*inputs_before(sides[0])} & {*inputs_before(sides[1])}
        if both:
            raise graph.fail(
                None,
                f"both sides take {', '.join(sorted(both))}: an item's vector is to be the same whoever "
                "asks, and who asks does not know the item",
                "give each input to one side",
            )
        name = graph.unique(self.block_name)
        # Under mixed precision, too: with the eight bits that bfloat16 has, many items score the same.
        sides = [side if side.dtype == "float32" else ops.cast(side, "float32") for side in sides]
        if self.normalized:
            sides = [
                graph.own(keras.layers.UnitNormalization(name=f"{name}_{which}", dtype="float32"), side)
                for which, side in zip(("asks", "item"), sides, strict=True)
            ]
        asks = ops.divide(sides[0], self.temperature)
        return graph.own(keras.layers.Concatenate(name=name, dtype="float32"), [asks, sides[1]])
