"""What was meant by a name that no component has."""

from __future__ import annotations

import re

from bigmodel_cli.config.components import Language
from bigmodel_cli.config.python_calls import from_python_call
from bigmodel_cli.config.tree import ConfigPathKeys, Mapping, Node, Scalar, Sequence
from bigmodel_cli.config.unsupported import OWN_CODE, SEVERAL_OUTPUTS
from bigmodel_cli.config.wording import SINGULAR, bare_name, one_name, with_article, without_activations

# What other tools call the key that holds a component's class.
_CLASS_KEYS = frozenset(
    {"type", "name", "class", "class_name", "class_path", "_target_", "_component_", "layer"}
)


class NameSuggestions:
    """Explains names that are not known, and how components are written.

    Args:
        language: The names there are.
    """

    def __init__(self, language: Language) -> None:
        self.language = language

    def meant(self, name: str, families: tuple[str, ...], arguments: Node | None) -> str:
        """What to write for a name that no component of these families has."""
        return self._rewrite(name, families, arguments) or self._suggest(name, families)

    def hint(self, node: Node, families: tuple[str, ...], path: ConfigPathKeys) -> str | None:
        """How to write one component where something else stands."""
        if isinstance(node, Mapping) and node.entries:
            if meant := self._by_its_class(node, families):
                return f"write {meant}"
            if self._is_by_output(node, families):
                return SEVERAL_OUTPUTS
            return one_name(list(node.entries), in_list=isinstance(path[-1], int))
        if isinstance(node, Sequence) and node.items:
            if families[0] in ("losses", "metrics") and (len(node.items) > 1 or families[0] == "metrics"):
                return SEVERAL_OUTPUTS
            return f"one {SINGULAR[families[0]]} stands here, with no list around it"
        return None

    def _is_by_output(self, node: Mapping, families: tuple[str, ...]) -> bool:
        """Whether losses stand under names of one's own, of which the first is no loss and no class's key."""
        known = (
            name for name in node.entries if self._is_known(bare_name(name), families) or name in _CLASS_KEYS
        )
        return families[0] == "losses" and len(node.entries) > 1 and next(known, None) is None

    def _by_its_class(self, node: Mapping, families: tuple[str, ...]) -> str | None:
        """`{type: Dense, units: 10}` and its like in other tools, as it is written here."""
        first = next(iter(node.entries))
        value = node.entries[first].node
        if first not in _CLASS_KEYS or not isinstance(value, Scalar) or not isinstance(value.value, str):
            return None
        name = bare_name(value.value)
        if not self._is_known(name, families):
            return None
        inner = [key for key in list(node.entries)[1:] if key not in ("config", "init_args", "params")]
        arguments = ", ".join([f"{key}: …" for key in inner[:3]] + ["…"] * (not 0 < len(inner) <= 3))
        return f"{{{name}: {{{arguments}}}}}" if len(node.entries) > 1 else name

    def _is_known(self, name: str, families: tuple[str, ...]) -> bool:
        known = self.language.catalogue.identifiers
        short = any(name in known(f) for f in families if f not in self.language.own)
        return (
            short
            or name in self.language.names(without_activations(families))
            or self._has_entry(name, families)
        )

    def _has_entry(self, name: str, families: tuple[str, ...]) -> bool:
        catalogue = self.language.catalogue
        return any(f not in self.language.own and catalogue.entry(f, name) is not None for f in families)

    def _rewrite(self, name: str, families: tuple[str, ...], arguments: Node | None) -> str | None:
        """What to write for Python's notation, a class given as a value, or an argument with no component."""
        if name in _CLASS_KEYS and isinstance(arguments, Scalar) and isinstance(arguments.value, str):
            bare = bare_name(arguments.value)
            return f"write {bare}" if self._is_known(bare, families) else None
        if families[0] == "sources" and (source := self._source_of(name)):
            return f"write {{{source}: {{path: {name}}}}}"
        bare = bare_name(name)
        if bare != name and self._is_known(bare, families):
            if ":" in name:
                return f"put a space after the colon: {bare}: …"
            if written := from_python_call(name, families, self.language.catalogue):
                return f"write {written}"
            called = re.search(r"\(.*\S.*\)", name)
            return f"write {{{bare}: {{…}}}}, each argument by its name" if called else f"write {bare}"
        taker = self._taker(name, families) if arguments is not None else None
        return f"it is an argument: write {{{taker}: {{{name}: …}}}}" if taker else None

    def _source_of(self, path: str) -> str | None:
        """The source that reads what a path names: `data.npz`, `photos/`."""
        sources = self.language.own["sources"]
        ending = re.search(r"\.(\w+)$", path)
        names = ("image_folder",) if "/" in path or "\\" in path else ()
        endings = (ending.group(1), f"image_{ending.group(1)}") if ending else ()
        return next((name for name in (*endings, *names) if name in sources), None)

    def _taker(self, argument: str, families: tuple[str, ...]) -> str | None:
        """A component that has an argument of this name: one that everybody knows, else the first."""
        if families[0] == "layers":
            return None
        entries = [
            e for f in families if f not in self.language.own for e in self.language.catalogue.entries(f)
        ]
        names = [entry.name for entry in entries if argument in entry.parameters]
        known = [name for name in ("Adam", "CategoricalCrossentropy") if name in names]
        return next(iter([*known, *names]), None)

    def unknown(self, name: str, families: tuple[str, ...]) -> str:
        elsewhere = [f for f in self.language.catalogue.families_knowing(name) if f not in families]
        elsewhere += [f for f in self.language.own if f not in families and name in self.language.own[f]]
        if elsewhere:
            return (
                f"expected {with_article(families[0])}, found {name!r}, which is {with_article(elsewhere[0])}"
            )
        return f"there is no {SINGULAR[families[0]]} {name!r}"

    def _suggest(self, name: str, families: tuple[str, ...]) -> str:
        if "blocks" not in families and name in self.language.own["blocks"]:
            return "a block belongs to the model: model: …"
        if "sources" not in families and name in self.language.own["sources"]:
            return f"a data source belongs to data: data: {{source: {name}}}"
        if reason := self.language.unusable.get(name):
            return reason
        if name in self.language.catalogue.own_names and families[0] not in self.language.own:
            return self._own_elsewhere(name, families)
        near = self.language.catalogue.suggest(name, self._candidates(name, families))
        if near and not _is_own_code(name):
            return f"did you mean {near}?"
        if families[0] == "layers" and name in self.language.catalogue.identifiers("activations"):
            return f"write {{Activation: {{activation: {name}}}}}"
        shown = f"bigmodel list {families[0]} shows all of them"
        return (
            f"{OWN_CODE}; {shown}" if _is_own_code(name) and families[0] not in self.language.own else shown
        )

    def _own_elsewhere(self, name: str, families: tuple[str, ...]) -> str:
        """Where a name of the user's own code may stand, which does not stand there."""
        catalogue = self.language.catalogue
        found = [entry for f in catalogue.families if (entry := catalogue.entry(f, name)) is not None]
        if families[0] == "layers" and found[0].family == "activations":
            return f"write {{Activation: {{activation: {name}}}}}"
        where = " or ".join(with_article(entry.family) for entry in found)
        return f"{found[0].own} has it as {where}"

    def _candidates(self, name: str, families: tuple[str, ...]) -> list[str]:
        """All that may be written, in the style of `name` first: `accuraccy` means accuracy, not Accuracy."""
        short: list[str] = []
        for family in families:
            if family not in self.language.own:
                short += self.language.catalogue.identifiers(family)
        names = self.language.names(without_activations(families))
        return [*names, *short] if name[:1].isupper() else [*short, *names]


def _is_own_code(name: str) -> bool:
    """`my_module.MyLoss`, `MyLoss`, `CustomLayer`: a class of the user's own, as far as a name can say."""
    is_keras = name.startswith(("keras.", "tf.", "tensorflow."))
    return not is_keras and re.match(r"(My|Custom)[A-Z]|\w+(\.\w+)*\.[A-Za-z_]\w*$", name) is not None
