"""Packed rows: a file for each column of each split, which the system reads as its values are asked for.

folder/
  index.json               what the examples are, size and sha256 of every other file
  train-age.npy            numbers of a column, or places among its texts (int32)
  train-city.texts.npy     these texts, one after the other, in UTF-8
  train-city.ends.npy      where each of them ends
  train-target-price.npy   a target, as training takes it
  train-beside-home.npy    a column that is no input, by which splits are cut or scores are made, likewise
  train-weights.npy        what each example counts, where that differs
  train-known-price.npy    which examples have a target, where some lack it (version 4)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.signature import Signature, signature_from_json, slugs
from bigmodel_cli.sources.base import Examples, Source, SplitName
from bigmodel_cli.sources.memory import is_large
from bigmodel_cli.sources.stores import ArrayStore, CodedStore, MappedStore, Store

if TYPE_CHECKING:
    import numpy as np

# The version of packed data that has rows, and of those whose examples may lack a target.
VERSION, WITH_GAPS = 3, 4
# Names of the columns that are no inputs, in the index.
BESIDE = "beside"


def column_file(split: str, slug: str, what: str = "") -> str:
    """The file of a column: its values, or its `texts` or their `ends`."""
    return f"{split}-{slug}{'.' if what else ''}{what}.npy"


def beside_slug(slug: str) -> str:
    """What a column that is no input is called in the names of files."""
    return f"beside-{slug}"


def target_file(split: str, slug: str) -> str:
    return f"{split}-target-{slug}.npy"


def weights_file(split: str) -> str:
    return f"{split}-weights.npy"


def known_file(split: str, slug: str) -> str:
    return f"{split}-known-{slug}.npy"


def open_rows(folder: Path, record: Mapping[str, Any]) -> Source:
    """The rows in a folder that `bigmodel data pack` has written, whose files are known to be there.

    Args:
        folder: It.
        record: Its index.

    Raises:
        DataError: If the signature is damaged.
    """
    signature = signature_from_json(record["signature"], str(folder / "index.json"))
    in_memory = not is_large(sum(file["bytes"] for file in record["files"].values()))
    splits: dict[SplitName, Examples] = {
        split: _split(folder, split, signature, record.get(BESIDE, ()), in_memory=in_memory)
        for split in record["examples"]
    }
    return Source(splits, signature, record["skipped"])


def _split(
    folder: Path, split: str, signature: Signature, names_beside: Sequence[str], *, in_memory: bool
) -> Examples:
    import numpy as np

    inputs = {
        name: _store(folder, split, slug, in_memory=in_memory) for name, slug in signature.slugs.items()
    }
    beside = {
        name: _store(folder, split, beside_slug(slug), in_memory=in_memory)
        for name, slug in slugs(names_beside).items()
    }
    targets = {
        name: np.load(folder / target_file(split, slug)) for name, slug in slugs(signature.targets).items()
    }
    weights = folder / weights_file(split)
    known = {name: folder / known_file(split, slug) for name, slug in slugs(signature.targets).items()}
    return Examples(
        inputs,
        targets,
        beside,
        weights=np.load(weights) if weights.exists() else None,
        known={name: np.load(path) for name, path in known.items() if path.exists()},
    )


def joined_texts(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Texts one after the other in UTF-8 (uint8), and where each of them ends (int64)."""
    import numpy as np

    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends: np.ndarray = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), ends


def split_texts(content: np.ndarray, ends: np.ndarray) -> list[str]:
    """What `joined_texts` has joined."""
    joined, stops = content.tobytes(), ends.tolist()
    return [
        joined[start:stop].decode("utf-8", "surrogatepass")
        for start, stop in zip([0, *stops], stops, strict=False)
    ]


def _store(folder: Path, split: str, slug: str, *, in_memory: bool) -> Store:
    import numpy as np

    values = np.load(folder / column_file(split, slug), mmap_mode=None if in_memory else "r")
    names = _texts(folder, split, slug)
    if not in_memory:
        return MappedStore(values, split, np.arange(len(values)), names)
    return ArrayStore(values, split) if names is None else CodedStore(values, names, split)


def _texts(folder: Path, split: str, slug: str) -> Sequence[str] | None:
    import numpy as np

    path = folder / column_file(split, slug, "texts")
    if not path.exists():
        return None
    return split_texts(np.load(path), np.load(folder / column_file(split, slug, "ends")))
