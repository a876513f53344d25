"""Texts become tokens once the splits are cut: a tokenizer learns from the training split alone.

Whatever has a vocabulary that is not trained yet, a column or a target, has texts until here, and whole
numbers from here on: tokenized once, and kept in memory as integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_folder import tokenizer_file
from bigmodel_cli.signature import Signature, slugs
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.stores import Store, TokenStore
from bigmodel_cli.tasks.task import Task
from bigmodel_cli.vocabulary.asked import kept
from bigmodel_cli.vocabulary.rows import TokenRows
from bigmodel_cli.vocabulary.subwords import Subwords
from bigmodel_cli.vocabulary.training import Untrained
from bigmodel_cli.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    pass


def tokenized(splits: Splits, options: SourceOptions) -> Splits:
    """The splits with tokens where texts were; others stay as they are.

    Args:
        splits: As they were cut.
        options: Of their source; what was learnt is noted in them.

    Raises:
        DataError: If a tokenizer cannot learn from the training texts, or a file is none.
    """
    signature = splits.signature
    inputs = {name: kind for name, kind in signature.inputs.items() if _is_open(kind)}
    targets = {name: task for name, task in signature.targets.items() if _is_open(task)}
    if not inputs and not targets:
        return splits
    names = slugs([*inputs, *targets])
    owners: list[tuple[str, Kind | Task]] = [*inputs.items(), *targets.items()]
    known = {
        name: _trained(name, owner, tokenizer_file(names[name]), splits.parts.get("train"))
        for name, owner in owners
    }
    kinds: dict[str, Any] = {name: kind.with_vocabulary(known[name]) for name, kind in inputs.items()}
    tasks: dict[str, Any] = {name: task.with_vocabulary(known[name]) for name, task in targets.items()}
    parts = {split: _with_tokens(part, kinds, tasks) for split, part in splits.parts.items()}
    noted = cast(SourceOptions, splits.looked_at or options)
    for name, vocabulary in known.items():
        if isinstance(vocabulary, Subwords):
            noted = noted.with_tokenizer(name, kept(vocabulary.file, vocabulary.sha256))
    whole = Signature({**signature.inputs, **kinds}, {**signature.targets, **tasks})
    return replace(splits, parts=parts, signature=whole, looked_at=noted)


def _is_open(owner: Kind | Task) -> bool:
    """Whether a vocabulary is still to be trained."""
    return owner.vocabulary is not None and not owner.vocabulary.is_trained


def _trained(name: str, owner: Kind | Task, file: str, train: Examples | None) -> Vocabulary:
    open_one = cast(Untrained, owner.vocabulary)
    if train is None and open_one.asked.learns:
        raise DataError(f"{name}: there is no training part that a tokenizer could learn from")
    texts = _texts(train, name) if train is not None and open_one.asked.learns else []
    found = open_one.trained(texts, name)
    return found.kept_as(file) if isinstance(found, Subwords) else found


def _texts(examples: Examples, name: str) -> list[str]:
    """The texts of a column or a target, as often as they are there."""
    if name in examples.targets:
        known = examples.labels_of(name).tolist()
        return cast(list[str], known)
    return _of_store(examples.inputs[name])


def _of_store(store: Store) -> list[str]:
    import numpy as np

    rows = np.arange(len(store))
    found: list[str] = (
        store.values_of(store.gather(rows)).tolist()
        if store.gathers
        else [str(store.read(row)) for row in rows.tolist()]
    )
    return found


def _with_tokens(examples: Examples, kinds: Mapping[str, Kind], tasks: Mapping[str, Task]) -> Examples:
    inputs = {
        name: _store(store, kinds[name], name) if name in kinds else store
        for name, store in examples.inputs.items()
    }
    targets = {
        name: _each_once(labels.tolist(), name, tasks[name].tokenized).ids if name in tasks else labels
        for name, labels in examples.targets.items()
    }
    return replace(examples, inputs=inputs, targets=targets)


def _store(store: Store, kind: Kind, name: str) -> TokenStore:
    rows = _each_once(_of_store(store), name, kind.tokenized)
    return TokenStore(
        rows.ids,
        getattr(store, "origin", name),
        store.positions,
        texts=store,
        counts=rows.counts,
        unknown=rows.unknown,
    )


def _each_once(texts: list[str], name: str, change: Callable[[list[str], str], TokenRows]) -> TokenRows:
    """Rows of texts, of which each different one is taken to pieces once."""
    import numpy as np

    place_of: dict[str, int] = {}
    places = np.array([place_of.setdefault(text, len(place_of)) for text in texts], np.int64)
    once = change(list(place_of), name)
    return TokenRows(once.ids[places], once.counts[places], once.unknown[places])
