"""What a config asks of a tokenizer: `{bpe: {vocabulary_size: 4000}}`, `bytes`, `{file: tokenizer.json}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Algorithm = Literal["bpe", "wordpiece", "unigram"]
ALGORITHMS: tuple[Algorithm, ...] = ("bpe", "wordpiece", "unigram")
BYTES, FILE, SAME_AS, CHARACTERS = "bytes", "file", "same_as", "characters"
EXAMPLE = "{bpe: {vocabulary_size: 4000}}"
_MOST = 1_000_000
_LEAST = 8


@dataclass(frozen=True)
class Asked:
    """A tokenizer as a config has it.

    Attributes:
        name: `bytes`, `bpe`, `wordpiece`, `unigram`, `file` or, of transcripts, `characters`.
        vocabulary_size: How many tokens are to be learnt; 0 where none are.
        lowercase: Whether letters are made small first.
        file: Where a tokenizer is.
        sha256: Of that file, where it was noted.
        known: The characters that there are, where they were noted.
        other: The column whose tokenizer it is, which learns from the texts of both.
    """

    name: str
    vocabulary_size: int = 0
    lowercase: bool = False
    file: Path | None = None
    sha256: str | None = None
    other: str | None = None
    known: str | None = None

    @property
    def learns(self) -> bool:
        """Whether texts decide what the tokens are."""
        return self.name in ALGORITHMS or (self.name == CHARACTERS and self.known is None)

    @property
    def described(self) -> str:
        if self.other is not None:
            return f"those of {self.other}"
        return self.name if not self.vocabulary_size else f"{self.name} of {self.vocabulary_size:,}"

    @classmethod
    def of(cls, told: Any) -> Asked:
        """What is written, checked.

        Raises:
            ValueError: If it is none; a sentence.
        """
        if told == BYTES:
            return cls(BYTES)
        if told in ALGORITHMS:
            raise ValueError(f"{told} learns so many tokens as it is told: write {{{told}: {_SIZE}}}")
        if not isinstance(told, Mapping) or len(told) != 1:
            raise ValueError(f"expected bytes, or one of {_NAMES} with its options, such as {EXAMPLE}")
        ((name, options),) = told.items()
        if name == FILE:
            return cls._of_file(options)
        if name == SAME_AS:
            if not isinstance(options, str) or not options:
                raise ValueError(f"same_as: expected the name of a column, found {options!r}")
            return cls(SAME_AS, other=options)
        if name == BYTES and options in (None, {}):
            return cls(BYTES)
        if name not in ALGORITHMS:
            raise ValueError(f"no tokenizer is called {name!r}; there are bytes, {_NAMES}")
        return cls._learnt(name, options)

    @classmethod
    def of_transcript(cls, told: Any) -> Asked:
        """What is written of a text that is heard, checked.

        Raises:
            ValueError: If it is none; a sentence.
        """
        if told == CHARACTERS:
            return cls(CHARACTERS)
        if isinstance(told, Mapping) and list(told) == [CHARACTERS]:
            options = told[CHARACTERS] or {}
            if not isinstance(options, Mapping):
                raise ValueError(f"{CHARACTERS}: expected options, found {options!r}")
            _known(options, "known", "lowercase")
            known = options.get("known")
            if known is not None and (not isinstance(known, str) or sorted(set(known)) != list(known)):
                raise ValueError(f"{CHARACTERS}.known: expected different characters in their order")
            return cls(CHARACTERS, lowercase=_flag(options, CHARACTERS), known=known)
        found = cls.of(told)
        if found.name in ("wordpiece", SAME_AS):
            why = "does not keep a text as it was" if found.name == "wordpiece" else "is for columns"
            raise ValueError(f"{found.name} {why}: write {CHARACTERS}, bytes, {EXAMPLE}, unigram or file")
        return found

    @classmethod
    def _of_file(cls, options: Any) -> Asked:
        # A run's own config notes the content beside the name.
        told = {"path": options} if isinstance(options, str) else options
        if not isinstance(told, Mapping) or not isinstance(told.get("path"), str) or not told["path"]:
            raise ValueError(f"file: expected the path of a tokenizer.json, found {options!r}")
        _known(told, "path", "sha256")
        return cls(FILE, file=Path(told["path"]), sha256=told.get("sha256"))

    @classmethod
    def _learnt(cls, name: str, options: Any) -> Asked:
        if not isinstance(options, Mapping) or "vocabulary_size" not in options:
            raise ValueError(f"{name}: expected how many tokens to learn: {{{name}: {_SIZE}}}")
        _known(options, "vocabulary_size", "lowercase")
        size = options["vocabulary_size"]
        if isinstance(size, bool) or not isinstance(size, int) or not _LEAST <= size <= _MOST:
            raise ValueError(
                f"{name}.vocabulary_size: expected a whole number from {_LEAST} to {_MOST:,}, found {size!r}"
            )
        return cls(name, size, _flag(options, name))


_SIZE = "{vocabulary_size: 4000}"
_NAMES = "bpe, wordpiece, unigram or file"


def _flag(options: Mapping[str, Any], name: str) -> bool:
    lowercase = options.get("lowercase", False)
    if not isinstance(lowercase, bool):
        raise ValueError(f"{name}.lowercase: expected true or false, found {lowercase!r}")
    return lowercase


def _known(options: Mapping[str, Any], *names: str) -> None:
    for key in options:
        if key not in names:
            raise ValueError(f"no option {key!r}; there are {', '.join(names)}")


def kept(file: str, sha256: str) -> dict[str, Any]:
    """What a run's config says of a tokenizer that the run keeps."""
    return {FILE: {"path": file, "sha256": sha256}}
