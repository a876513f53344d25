"""Texts become tokens once the splits are cut: a tokenizer learns from the training split alone.

Whatever has a vocabulary that is not trained yet, a column or a target, has texts until here, and whole
numbers from here on: tokenized once, and kept in memory as integers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from bigmodel_cli.config.naming import so_far_of
from bigmodel_cli.config.spelling import meant
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.pipeline.so_far import kinds_so_far, store_so_far
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.pipeline.token_series import tokenized_series
from bigmodel_cli.run_folder import tokenizer_file
from bigmodel_cli.signature import Signature, slugs
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.stores import Store, TokenStore
from bigmodel_cli.tasks.task import PADDING, Task
from bigmodel_cli.tasks.translation.task import Translation
from bigmodel_cli.vocabulary.rows import TokenRows
from bigmodel_cli.vocabulary.subwords import Subwords
from bigmodel_cli.vocabulary.training import Untrained
from bigmodel_cli.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    import numpy as np


def tokenized(splits: Splits, options: SourceOptions, warn: Callable[[str], None]) -> Splits:
    """The splits with tokens where texts were; others stay as they are.

    Args:
        splits: As they were cut.
        options: Of their source; what was learnt is noted in them.
        warn: Is told what is not measured.

    Raises:
        DataError: If a tokenizer cannot learn from the training texts, or a file is none.
    """
    signature = splits.signature
    inputs = {name: kind for name, kind in signature.inputs.items() if _is_open(kind)}
    targets = {name: task for name, task in signature.targets.items() if _is_open(task)}
    if not inputs and not targets:
        return splits
    if any(kind.stands_alone for kind in inputs.values()):
        return tokenized_series(splits, options, warn)
    names = slugs([*inputs, *targets])
    owners: list[tuple[str, Kind | Task]] = [*inputs.items(), *targets.items()]
    open_ones = {name: cast(Untrained, owner.vocabulary) for name, owner in owners}
    _check_others(open_ones)
    known = {
        name: _trained(name, open_one, _sharing(name, open_ones), splits.parts.get("train"))
        for name, open_one in open_ones.items()
        if open_one.asked.other is None
    }
    known |= {name: known[one.asked.other] for name, one in open_ones.items() if one.asked.other is not None}
    known = {name: _kept_as(tokenizer_file(names[name]), known[name]) for name in open_ones}
    for name, task in targets.items():
        if task.is_searched:
            _check_ends(name, known[name])
    kinds: dict[str, Any] = {name: kind.with_vocabulary(known[name]) for name, kind in inputs.items()}
    tasks: dict[str, Any] = {
        name: task.with_vocabulary(known[name]).holding(_all_texts(splits, name))
        for name, task in targets.items()
    }
    parts = {split: _with_tokens(part, kinds, tasks) for split, part in splits.parts.items()}
    for name, task in tasks.items():
        _tell_unknown(splits, name, task, warn)
    noted = cast(SourceOptions, splits.looked_at or options)
    for name, vocabulary in known.items():
        if (told := vocabulary.noted) is not None:
            noted = noted.with_tokenizer(name, told)
    kinds |= kinds_so_far(tasks, signature.inputs)
    whole = Signature({**signature.inputs, **kinds}, {**signature.targets, **tasks})
    return replace(splits, parts=parts, signature=whole, looked_at=noted)


def _is_open(owner: Kind | Task) -> bool:
    """Whether a vocabulary is still to be trained."""
    return owner.vocabulary is not None and not owner.vocabulary.is_trained


def _check_others(open_ones: Mapping[str, Untrained]) -> None:
    """Raises:
    DataError: If a tokenizer is to be that of a column which has none of its own.
    """
    own = [name for name, one in open_ones.items() if one.asked.other is None]
    for name, one in open_ones.items():
        if one.asked.other is not None and one.asked.other not in own:
            raise DataError(
                f"{name}: same_as: {one.asked.other} has no tokenizer of its own that learns from texts",
                hint=meant(one.asked.other, own),
            )


def _check_ends(name: str, vocabulary: Vocabulary) -> None:
    """Raises:
    DataError: If nothing says where a text that is written begins and ends.
    """
    if vocabulary.begin is None or vocabulary.end is None:
        raise DataError(
            f"{name}: its tokenizer has no token for the beginning of a text, or none for its end",
            hint="leave out sha256: then what lacks is added to the file",
        )


def _sharing(name: str, open_ones: Mapping[str, Untrained]) -> list[str]:
    """Whose texts a column's tokenizer learns from: its own, and those of all that share it."""
    return [name, *(other for other, one in open_ones.items() if one.asked.other == name)]


def _trained(name: str, open_one: Untrained, sharing: Sequence[str], train: Examples | None) -> Vocabulary:
    if not open_one.asked.learns:
        return open_one.trained([], name)
    if train is None:
        raise DataError(f"{name}: there is no training part that a tokenizer could learn from")
    return open_one.trained([text for one in sharing for text in _texts(train, one)], name)


def _kept_as(file: str, vocabulary: Vocabulary) -> Vocabulary:
    return vocabulary.kept_as(file) if isinstance(vocabulary, Subwords) else vocabulary


def _texts(examples: Examples, name: str) -> list[str]:
    """The texts of a column or a target, as often as they are there."""
    if name in examples.targets:
        known = examples.labels_of(name).tolist()
        return cast(list[str], known)
    return _of_store(examples.inputs[name])


def _all_texts(splits: Splits, name: str) -> set[str]:
    """The different texts of a target, of all splits."""
    return {text for part in splits.parts.values() for text in _texts(part, name)}


def _tell_unknown(splits: Splits, name: str, task: Task, warn: Callable[[str], None]) -> None:
    """Say which characters of texts that are to be heard no training text has, and which words no list."""
    for split, part in splits.parts.items():
        texts = _texts(part, name)
        unknown = Counter(one for text in texts for one in task.unknown_characters(text))
        if unknown:
            warn(
                f"{name}: {unknown.total():,} characters of {split} are in no training text, so that they "
                f"are never heard: {_counted(unknown)}"
            )
        words = Counter(one for text in texts for one in task.unknown_words(text))
        if words:
            warn(
                f"{name}: {words.total():,} words of {split} are not in words, so that they are never heard: "
                f"{_counted(words)}"
            )


def _counted(unknown: Counter[str]) -> str:
    return some((f"{one!r} ({count:,})" for one, count in sorted(unknown.items())), 8)


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
    texts = {name: examples.targets[name].tolist() for name in tasks}
    rows = {name: _each_once(texts[name], name, task.tokenized) for name, task in tasks.items()}
    searched = {so_far_of(name): name for name, task in tasks.items() if task.is_searched}
    if searched:
        inputs = {
            name: replace(store, has_any_length=True) if isinstance(store, TokenStore) else store
            for name, store in inputs.items()
        }
    for so_far, name in searched.items():
        inputs[so_far] = store_so_far(examples, cast(Translation, tasks[name]), rows[name], texts[name])
    ids = {name: _filled_up(of_target.ids, tasks[name]) for name, of_target in rows.items()}
    return replace(examples, inputs=inputs, targets={**examples.targets, **ids})


def _filled_up(ids: np.ndarray, task: Task) -> np.ndarray:
    """Rows of ids as a target has them: what is predicted place by place counts nowhere behind its end."""
    import numpy as np

    if not task.is_searched or task.vocabulary is None:
        return ids
    return np.where(ids == task.vocabulary.padding, np.int32(PADDING), ids)


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
