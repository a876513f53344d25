"""Numbers as options take them: plain notation alone, where click takes whatever Python reads as a number."""

from __future__ import annotations

from typing import Any

import click

from bigmodel_cli.plain_numbers import plain_integer, plain_number


class WholeNumber(click.IntRange):
    """A whole number in a range; `1_0` and `１２` are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and plain_integer(value) is None:
            self.fail(f"expected a whole number, found {value!r}", param, ctx)
        return super().convert(value, param, ctx)


class Number(click.FloatRange):
    """A number in a range; `1_0`, `nan` and `infinity` are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and plain_number(value) is None:
            self.fail(f"expected a number, found {value!r}", param, ctx)
        return super().convert(value, param, ctx)


class Seconds(Number):
    """A time of at least 10 ms: `1s`, `0.5`, `200ms`."""

    def __init__(self) -> None:
        super().__init__(min=0.01)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return super().convert(value, param, ctx)
        if value.endswith("ms") and (number := plain_number(value.removesuffix("ms"))) is not None:
            return super().convert(number / 1000, param, ctx)
        return super().convert(value.removesuffix("s"), param, ctx)


class Region(click.ParamType[Any]):
    """A box of pixels, `10,20,60,80`, or one of them, `35,50`."""

    name = "region"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        numbers = [plain_integer(part.strip()) for part in value.split(",")]
        if len(numbers) not in (2, 4) or any(number is None or number < 0 for number in numbers):
            self.fail(f"expected LEFT,TOP,RIGHT,BOTTOM or X,Y in pixels, found {value!r}", param, ctx)
        if len(numbers) == 4 and (numbers[0] > numbers[2] or numbers[1] > numbers[3]):  # type: ignore[operator]
            self.fail(f"expected left before right and top above bottom, found {value!r}", param, ctx)
        return tuple(numbers)
