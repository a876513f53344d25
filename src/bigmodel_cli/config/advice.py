"""What to do about a key or a value of our own sections, sources and blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from bigmodel_cli.config.fields import fields_of
from bigmodel_cli.config.schema import Checkpoint, Data, Experiment, Training
from bigmodel_cli.config.spelling import as_yaml, closest, fold
from bigmodel_cli.config.synonyms import ADVICE, KEYS, UNITS, VALUES
from bigmodel_cli.config.tree import Entry, Mapping, Node, Scalar, Sequence, is_null, written
from bigmodel_cli.config.tune import Tune
from bigmodel_cli.config.unsupported import SEVERAL_OUTPUTS, UNSUPPORTED_KEYS, UNSUPPORTED_LISTS

# Where a key of a section stands, for who writes it elsewhere.
_HOMES = (
    ("", Experiment),
    ("data.", Data),
    ("training.", Training),
    ("training.checkpoint.", Checkpoint),
    ("tune.", Tune),
)
_UNITS = ("epoch", "step", "second", "minute", "hour")
_SMALLER = {"hour": "minute", "minute": "second"}
# Words of the checkpoint and of searches that are too common to mean them anywhere else.
_COMMON = frozenset({"monitor", "mode", "every", "keep", "frequency", "interval", "period"})
_OF_SEARCHES = frozenset({"trials", "stopearly", "searchspace", "ntrials", "maxtrials", "numtrials"})

_PYDANTIC_WORDS = {
    "Value error, ": "",
    "Input should be": "expected",
    ", unable to parse string as an integer": "",
    ", unable to parse string as a number": "",
    ", got a number with a fractional part": "",
    "a valid integer": "an integer",
    "a valid number": "a number",
    "a valid string": "a text",
    "a valid boolean": "true or false",
    "a valid list": "a list",
    "a valid tuple": "a list",
    "a valid dictionary": "a mapping",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    "greater than": "more than",
}
_KINDS = {
    "int_type": "integer",
    "int_from_float": "integer",
    "float_type": "number",
    "bool_type": "boolean",
    "tuple_type": "list",
}


def synonym(key: str, keys: Iterable[str]) -> str | None:
    """The key of these that other tools call `key`, or that is spelt like it."""
    keys = list(keys)
    folded = fold(key)
    same = [name for name in keys if fold(name) == folded]
    return next((name for name in [*same, *KEYS.get(folded, ())] if name in keys), None)


def home(key: str) -> str | None:
    """Where a key stands that is written in a wrong section: `training.epochs`; None where it is no key."""
    if key == "extends":
        return "extends"
    for prefix, section in _HOMES:
        if name := synonym(key, fields_of(section)):
            is_common = section is Checkpoint and fold(key) in _COMMON
            is_common = is_common or (section is Tune and fold(key) not in _OF_SEARCHES)
            return None if is_common else f"{prefix}{name}"
    return None


def is_unsupported(key: str) -> bool:
    """Whether a key stands for something that there is not yet."""
    return fold(key) in UNSUPPORTED_KEYS


def elsewhere(key: str, *, on_command_line: bool) -> str | None:
    """What to do with a key that this section does not have."""
    if fold(key) in ADVICE:
        return ADVICE[fold(key)]
    if is_unsupported(key):
        return UNSUPPORTED_KEYS[fold(key)]
    if place := home(key):
        if on_command_line:
            return f"write {place}=…"
        section, _, name = place.rpartition(".")
        outer, _, inner = section.rpartition(".")
        value = f"{{{inner}: {{{name}: …}}}}" if outer else f"{{{name}: …}}"
        written_there = f"it stands under {section}: {outer or section}: {value}"
        what = "it stands at the top of a config" if name == "extends" else "it is a section of its own"
        return written_there if section else f"{what}: {name}: …"
    return None


def section_meant(key: str) -> str | None:
    """The section that a key at the top stands for: it is not missing too."""
    if belongs := re.match(r"it belongs to the (\w+):", ADVICE.get(fold(key), "")):
        return belongs.group(1)
    place = home(key)
    return place.partition(".")[0] if place else None


def before_colon(key: str) -> str:
    """`epochs` of `epochs:3`, `epochs 3` or `epochs=3`."""
    return re.split(r"[:=\s]", key, maxsplit=1)[0] or key


def suggested_key(key: str, entry: Entry, near: str | None) -> str | None:
    """The key that was meant; with its value where the two ran together: `{epochs 3}`, `{epochs:3}`."""
    if near is None:
        return None
    parts = re.fullmatch(r"(\w+)\s*[:=\s]\s*(\S.*)", key)
    if parts and fold(parts.group(1)) == fold(near) and is_null(entry.node):
        return f"write {near}: {parts.group(2)}"
    return f"did you mean {near}?"


def as_mapping(model: type[BaseModel], node: Node) -> str | None:
    """How to write a value as the mapping that is expected."""
    fields = fields_of(model)
    required = [name for name, field in fields.items() if field.is_required()]
    if isinstance(node, Sequence):
        return f"write {{{', '.join(f'{name}: …' for name in required)}}}" if required else None
    if not fields or not isinstance(node, Scalar):
        return None
    if isinstance(node.value, bool):
        # A section without a required key can be turned on with its defaults.
        return "write {}" if node.value and not required else None
    text = written(node)
    if text in fields and fields[text].annotation is bool:
        return f"write {{{text}: true}}"
    parts = re.fullmatch(r"(\w+)\s*[:=\s]\s*(\S.*)", text)
    if parts and (near := closest(parts.group(1), fields)):
        return f"write {near}: {parts.group(2)}"
    fitting = [name for name in fields if _fits(model, name, node)]
    return f"write {{{[*required, *fitting, *fields][0]}: {text}}}"


def _fits(model: type[BaseModel], name: str, node: Scalar) -> bool:
    try:
        return bool(model.model_validate({name: node.value}))
    except ValidationError:
        return False


def one_sentence(messages: list[str]) -> str:
    """What each member of a union expects, as one list."""
    heads = [message.removeprefix("expected ") for message in dict.fromkeys(messages)]
    if len(heads) == 1:
        return messages[0]
    # "true or false or 'auto'" reads better as "true, false or 'auto'".
    return f"expected {', '.join(heads[:-1]).replace(' or ', ', ')} or {heads[-1]}"


def in_our_words(detail: Any) -> str:
    """Pydantic's sentence as our messages are written."""
    if detail["type"] == "too_short" and detail["ctx"]["field_type"] == "Dictionary":
        return f"expected at least {detail['ctx']['min_length']} key"
    if detail["type"] == "too_short":
        return f"expected a list of at least {detail['ctx']['min_length']}"
    if detail["type"] == "too_long":
        return f"expected a list of at most {detail['ctx']['max_length']}"
    if detail["type"] == "missing":
        return "expected one item more"
    # `Input should be a valid dictionary or instance of SplitBy`: no config has instances.
    message = re.sub(r" or instance of \w+", "", str(detail["msg"]))
    for theirs, ours in _PYDANTIC_WORDS.items():
        message = message.replace(theirs, ours)
    return message[0].lower() + message[1:]


def quoted(node: Node) -> str | None:
    """A number or word as YAML writes it as a text; None where the value is none of these."""
    if not isinstance(node, Scalar) or node.value is None:
        return None
    return written(node) if written(node)[:1] in ("'", '"') else f'"{written(node)}"'


def suggested_value(key: str, details: list[Any], found: Node) -> str | None:
    """What a value was probably meant to be: a word that is allowed there, another notation, a list."""
    if not isinstance(found, Scalar):
        if isinstance(found, Sequence) and len(found.items) > 1 and key in UNSUPPORTED_LISTS:
            return UNSUPPORTED_LISTS[key]
        if isinstance(found, Mapping) and (near := _near_key(found, _allowed(details))):
            return f"did you mean {near}?"
        return _as_list(key, found) if any(d["type"] == "list_type" for d in details) else None
    if found.value is None or found.value == "":
        return None
    text = str(found.value)
    own = _OWN_NOTATIONS.get(key)
    if own and (meant := own(text)):
        return f"write {meant}"
    word = _other_word(key, text)
    if word and word != text:
        return f"did you mean {word}?"
    near = closest(text, _allowed(details), cutoff=0.5)
    if near and near != text:
        return f"did you mean {near}?"
    if any(d["type"] == "list_type" for d in details):
        return f"write [{text}]"
    if any(d["type"] == "string_type" for d in details):
        return f"write {quoted(found)}"
    return _other_notation(details, found.value)


def _near_key(found: Mapping, allowed: list[str]) -> str | None:
    """Of a mapping whose keys are words that may be chosen from, the one that was meant."""
    strangers = [key for key in found.entries if key not in allowed]
    return next((near for key in strangers if (near := closest(key, allowed, cutoff=0.5))), None)


def _other_word(key: str, text: str) -> str | None:
    """`cuda:1` is `gpu:1`."""
    values = VALUES.get(key, {})
    if text in values or fold(text) in values:
        return values.get(text, values.get(fold(text)))
    name, _, number = text.partition(":")
    known = fold(name) in values and re.fullmatch(r"[0-9]+", number)
    return f"{values[fold(name)]}:{number}" if known else None


def _other_period(text: str) -> str | None:
    """`5`, `500 itr`, `10min` or `1.5 hours` as `checkpoint.every` has it."""
    parts = re.fullmatch(r"(?:every )?\s*(\d[\d.,_]*)?[\s-]*([a-z]+)?", text.lower())
    if not parts:
        return None
    number, unit = as_yaml(parts.group(1) or "1", ["number"]), _unit(parts.group(2) or "epoch")
    if number is None or unit is None:
        return None
    amount = float(number)
    while not amount.is_integer() and unit in _SMALLER:
        amount, unit = round(amount * 60, 6), _SMALLER[unit]
    if not amount.is_integer() or not 0 < amount < 1e9:
        return None
    return unit if parts.group(1) is None else f"{int(amount)} {unit}{'s' if amount > 1 else ''}"


def _other_factor(text: str) -> str | None:
    """Who writes 2 divides by it."""
    return f"{1 / int(text):g}" if re.fullmatch(r"[2-9]|[1-9]\d{1,3}", text, re.ASCII) else None


def _as_gate(text: str) -> str | None:
    """`0.9` as a gate."""
    return f'">= {text}"' if re.fullmatch(r"\d+(\.\d+)?%?", text, re.ASCII) else None


def _other_time(text: str) -> str | None:
    """`2h`, `90min` as budgets have it."""
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)[\s-]*([a-z]+)", text.lower())
    unit = parts and (_unit(parts.group(2)) or (parts.group(2)[0] == "d" and "day"))
    return f"{parts.group(1)} {unit}s" if parts and unit and unit not in ("epoch", "step") else None


def _other_size(text: str) -> str | None:
    """`5G`, `500mb`, `5 gigs` as budgets have it."""
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([mgt])[a-z]*", text.lower())
    return f"{parts.group(1)} {parts.group(2).upper()}B" if parts else None


_OWN_NOTATIONS = {
    "every": _other_period,
    "factor": _other_factor,
    "expect": _as_gate,
    "time": _other_time,
    "disk": _other_size,
}


def _unit(word: str) -> str | None:
    near = UNITS.get(word) or closest(word, [*_UNITS, *(f"{unit}s" for unit in _UNITS)])
    return near and near.removesuffix("s")


def _allowed(details: list[Any]) -> list[str]:
    literals = [d["ctx"]["expected"] for d in details if d["type"] == "literal_error"]
    return [word for text in literals for word in re.findall(r"'(\w+)'", text)]


def _other_notation(details: list[Any], value: object) -> str | None:
    limits = [d["ctx"]["lt"] for d in details if d["type"] == "less_than"]
    if 1 in limits and isinstance(value, int | float) and 1 < value < 100:
        return f"write {value / 100:g} for {value:g} %"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"write {int(value)}" if any(d["type"] == "int_type" for d in details) else None
    kinds = [_KINDS[d["type"]] for d in details if d["type"] in _KINDS]
    meant = as_yaml(str(value), kinds) if isinstance(value, str) else None
    return f"write {meant}" if meant is not None else None


def _as_list(key: str, found: Node) -> str | None:
    """A mapping where a list of components is expected."""
    if not isinstance(found, Mapping) or not all(re.match(r"[A-Za-z]", key) for key in found.entries):
        return None
    names = list(found.entries)
    if not names:
        return None
    if len(names) == 1 and isinstance(found.entries[names[0]].node, Sequence):
        return f"write the list itself, without {names[0]}"
    if key in ("metrics", "model") and any(isinstance(e.node, Sequence) for e in found.entries.values()):
        # Lists by names of one's own: by output.
        return SEVERAL_OUTPUTS
    return f"make it a list: {', '.join(f'- {name}' for name in names[:3])}{', …' if len(names) > 3 else ''}"
