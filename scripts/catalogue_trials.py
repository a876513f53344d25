"""What Keras's constructors take and refuse, learned by calling them.

A docstring seldom says that `units` must be positive, or that a learning rate written as 1 is refused; the
constructor does. Each argument is tried beside the arguments of the entry's example, so that what is learned
of one argument must not depend on another one: only bounds that stand at numbers which are natural for a
bound are kept.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from bigmodel_cli.config.catalogue import Catalogue, Entry, Parameter
from bigmodel_cli.config.component_parser import ComponentParser
from bigmodel_cli.config.components import Language
from bigmodel_cli.config.examples import example
from bigmodel_cli.config.problems import Problems
from bigmodel_cli.config.reader import read_text
from bigmodel_cli.modeling.objects import Objects

# Where bounds stand, with what is just beside them and far away.
_BOUNDS = (-1, 0, 1, 2, 8)
_WHOLE = (-1000, -2, -1, 0, 1, 2, 3, 8, 9, 16, 1000)
_REAL = (-1000.0, -1.001, -1.0, -0.999, -0.5, -0.001, 0.0, 0.001, 0.5, 0.999, 1.0, 1.001, 2.0, 8.0, 1000.0)
# What takes all of these has no bounds.
_FIRST = frozenset({-1000, 0, 1, 0.5, 1000})
_NO_WORD = "no such word"
# What these are is their affair: a path, a name, a vocabulary.
_FREE_TEXTS = frozenset({"name", "vocabulary", "mask_token", "oov_token", "dtype"})
# What these take, other arguments decide: strides, heads, the vocabulary, the output mode.
_OF_OTHERS = frozenset({"output_padding", "num_key_value_heads", "max_tokens", "salt", "idf_weights"})


@dataclass(frozen=True)
class Tried:
    """What trying has shown of one argument.

    Attributes:
        bounds: Of a number; empty where there are none.
        item_bounds: Of each number of a list.
        wants_float: A whole number is refused, or computed with in another way than the same float.
        only_lists: Every single number is refused.
        choices: All texts that are taken; empty where any is.
    """

    bounds: Mapping[str, Any] = field(default_factory=dict)
    item_bounds: Mapping[str, Any] = field(default_factory=dict)
    wants_float: bool = False
    only_lists: bool = False
    choices: tuple[str, ...] = ()


def try_all(content: Mapping[str, Any], namespaces: Mapping[str, Any]) -> dict[tuple[str, str, str], Tried]:
    """What trying shows of all arguments of a catalogue, by family, entry and argument.

    Args:
        content: The catalogue as far as it is known.
        namespaces: Keras's module of each family.
    """
    catalogue = Catalogue(content)
    problems = Problems()
    parser = ComponentParser(Language(catalogue, {"sources": {}, "blocks": {}}), problems, lambda *_: None)
    found: dict[tuple[str, str, str], Tried] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for family in catalogue.families:
            # Applications build whole networks; activations are functions.
            if family in ("applications", "activations"):
                continue
            for entry in catalogue.entries(family):
                if not entry.requires_function:
                    base = _arguments(entry, parser)
                    problems.raise_if_any()
                    make = getattr(namespaces[family], entry.name)
                    found |= _try_entry(entry, lambda m=make, b=base, **given: m(**{**b, **given}))
    return found


def _arguments(entry: Entry, parser: ComponentParser) -> dict[str, Any]:
    """The arguments of an entry's example, as its constructor gets them."""
    node = read_text(example(entry), origin="example", folder=Path())
    component = parser.parse(node, (entry.family,), ("example",))
    if component is None:
        return {}
    objects = Objects({"num_classes": 10})
    return {key: objects.value(value, component) for key, value in component.arguments.items()}


def _try_entry(entry: Entry, make: Callable[..., Any]) -> dict[tuple[str, str, str], Tried]:
    try:
        make()
    except ImportError:
        # It needs a package that is not there.
        return {}
    found = {}
    for parameter in entry.parameters.values():
        tried = _try_parameter(parameter, make, is_schedule=entry.family == "schedules")
        if tried != Tried():
            found[entry.family, entry.name, parameter.name] = tried
    return found


def _refusal(make: Callable[..., Any], **given: Any) -> str | None:
    """Why Keras refuses these arguments; None where it takes them."""
    try:
        make(**given)
    except Exception as error:  # Keras has no class for this, and once none at all: AttributeError
        return str(error) or type(error).__name__
    return None


def _try_parameter(parameter: Parameter, make: Callable[..., Any], *, is_schedule: bool) -> Tried:
    name, accepts = parameter.name, set(parameter.accepts)
    if name in _OF_OTHERS or "seed" in name:
        return Tried()
    choices = _choices(parameter, make) if "string" in accepts and not parameter.families else ()
    if not {"integer", "number"} & accepts:
        return Tried(choices=choices)

    def takes(value: Any) -> bool:
        return _refusal(make, **{name: value}) is None

    numbers = _REAL if "number" in accepts else _WHOLE
    takes_whole = any(takes(number) for number in (0, 1, 2))
    tried = _try_numbers(numbers, takes)
    items = _item_bounds(numbers, takes) if "list" in accepts else {}
    if not takes_whole and not any(taken for _, taken in tried):
        return Tried(only_lists="list" in accepts, item_bounds=items, choices=choices)
    wants_float = "number" in accepts and (
        not takes_whole or (is_schedule and _computes_otherwise(name, make))
    )
    return Tried(_bounds(tried), items, wants_float, choices=choices)


def _try_numbers(numbers: Sequence[float], takes: Callable[[Any], bool]) -> list[tuple[float, bool]]:
    first = [number for number in numbers if number in _FIRST]
    if all(takes(number) for number in first):
        return [(number, True) for number in numbers]
    return [(number, takes(number)) for number in numbers]


def _bounds(tried: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """The bounds that numbers in ascending order show.

    A bound is kept where it stands at a natural number and more than one number is inside: what another
    argument decides (filters that groups must divide) stands anywhere.
    """
    taken = [number for number, is_taken in tried if is_taken]
    if len(taken) < 2 or len(taken) == len(tried):
        return {}
    found: dict[str, Any] = {}
    for (below, below_taken), (above, above_taken) in pairwise(tried):
        if not below_taken and above_taken and above == taken[0]:
            found |= _bound(above, below, "ge", "gt")
        if below_taken and not above_taken and below == taken[-1]:
            found |= _bound(below, above, "le", "lt")
    holes = [number for number, is_taken in tried if not is_taken and taken[0] < number < taken[-1]]
    if len(holes) == 1 and holes[0] in (0, 1):
        found["excludes"] = holes
    elif holes:
        # What is taken here and there is no interval: that groups divide filters, that a size is odd.
        found = {key: bound for key, bound in found.items() if key in ("ge", "gt") and min(holes) > 2}
    return found


def _bound(taken: float, refused: float, inclusive: str, exclusive: str) -> dict[str, Any]:
    if taken in _BOUNDS:
        return {inclusive: int(taken)}
    return {exclusive: int(refused)} if refused in _BOUNDS else {}


def _item_bounds(numbers: Sequence[float], takes: Callable[[Any], bool]) -> dict[str, Any]:
    """The bounds of each number of a list, where some number of equal ones is a list that is taken."""
    for length in (1, 2, 3):
        tried = _try_numbers(numbers, lambda number, n=length: takes([number] * n))
        if any(taken for _, taken in tried):
            return _bounds(tried)
    return {}


def _computes_otherwise(name: str, make: Callable[..., Any]) -> bool:
    """Whether a schedule with a whole number gives other rates than with the same float."""
    try:
        rates = [[float(make(**{name: one})(step)) for step in (0, 3, 500)] for one in (1, 1.0)]
    except Exception:  # TensorFlow's own, about dtypes that do not fit
        return True
    return rates[0] != rates[1]


def _choices(parameter: Parameter, make: Callable[..., Any]) -> tuple[str, ...]:
    """All texts that an argument takes, where the refusal of another one lists them."""
    if parameter.choices or parameter.name in _FREE_TEXTS:
        return ()
    reason = _refusal(make, **{parameter.name: _NO_WORD})
    if reason is None:
        return ()
    listed = dict.fromkeys(re.findall(r"['\"]([a-z][a-z0-9_]*)['\"]", reason))
    taken = [word for word in listed if _refusal(make, **{parameter.name: word}) is None]
    # One or two may need other arguments beside them.
    return tuple(sorted(listed)) if 2 <= len(taken) >= len(listed) - 2 else ()
