"""Tokenizers are trained on texts: on those of the training split alone, and always to the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.vocabulary.asked import BYTES, CHARACTERS, FILE, Asked
from bigmodel_cli.vocabulary.letters import Letters, PaddedBytes, PaddedCharacters, code_points
from bigmodel_cli.vocabulary.library import library
from bigmodel_cli.vocabulary.scores import scored_again
from bigmodel_cli.vocabulary.subwords import BEGINS, ENDS, Subwords, parts_of, sound
from bigmodel_cli.vocabulary.vocabulary import Spans, Vocabulary

# For padding, what is unknown, beginning and end, in the order of `letters.PADDING`, ….
SPECIAL = ("[PAD]", "[UNK]", "[BEGIN]", "[END]")
# More text makes no better tokenizer, and training takes many times its memory.
MOST_CHARACTERS = 1_000_000_000
# The number that no character has.
_NUM_POINTS = 0x110000


@dataclass(frozen=True)
class Untrained(Vocabulary):
    """What is asked of a tokenizer that learns from texts which are not yet split: until then, characters.

    Attributes:
        asked: How the config has it.
        padded: Whether it is for rows of one length, which need padding.
    """

    is_trained = False

    asked: Asked
    padded: bool = True
    unit: str = field(default="characters", init=False, repr=False)

    @property
    def size(self) -> int:
        return _NUM_POINTS

    @property
    def described(self) -> str:
        return f"tokens ({self.asked.described})"

    def encode(self, text: str, where: str) -> Any:
        return code_points(text).astype("int32")

    def spans(self, text: str, where: str) -> Spans:
        raise TypeError("characters by their code points stand where they stand")

    def as_bytes(self, ids: Any) -> bytes:
        return self.as_text(ids).encode("utf-8", "replace")

    def as_text(self, ids: Any) -> str:
        return "".join(map(chr, ids))

    def from_text(self, text: str) -> Any:
        return self.encode(text, "text")

    def num_bytes(self) -> Any:
        raise TypeError("not every code point has bytes")

    def as_json(self) -> dict[str, Any]:
        raise TypeError("a run has what was trained")

    def trained(self, texts: Sequence[str], where: str) -> Vocabulary:
        """The vocabulary that is asked for.

        Args:
            texts: Those of the training split.
            where: What errors call them.

        Raises:
            DataError: If they are too little for it, or a file is no sound tokenizer.
        """
        asked = self.asked
        if asked.name == BYTES:
            return PaddedBytes() if self.padded else Letters("bytes")
        if asked.name == CHARACTERS:
            if asked.known is not None:
                return PaddedCharacters(asked.known, asked.lowercase)
            return PaddedCharacters.of(texts, lowercase=asked.lowercase)
        if asked.name == FILE:
            assert asked.file is not None
            return from_file(asked.file, asked.sha256, padded=self.padded)
        special = SPECIAL if self.padded else ("[UNK]",) if asked.name == "unigram" else ()
        return Subwords.of(_Training(asked, special, where).content(texts), padded=self.padded)


def from_file(path: Path, sha256: str | None, *, padded: bool) -> Subwords:
    """A tokenizer of somebody else.

    Raises:
        DataError: If it is not there, no tokenizer, or another one than was noted.
    """
    try:
        content = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise DataError(f"{path}: the tokenizer cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: no tokenizer: not UTF-8: {error}") from None
    try:
        tokenizer = library().Tokenizer.from_str(content)
        lacking = [
            name
            for name, called in ((SPECIAL[2], BEGINS), (SPECIAL[3], ENDS))
            if all(tokenizer.token_to_id(one) is None for one in called)
        ]
        # What a run keeps has what it was given then.
        if padded and lacking and sha256 is None:
            tokenizer.add_special_tokens(lacking)
            content = tokenizer.to_str()
        found = Subwords.of(content, padded=padded)
    except DataError:
        raise
    except Exception as error:
        # The library raises bare Exceptions.
        raise DataError(
            f"{path}: no tokenizer of Hugging Face's tokenizers: {error}",
            hint="give a tokenizer.json, as their Tokenizer.save writes it",
        ) from None
    if sha256 is not None and found.sha256 != sha256:
        raise DataError(
            f"{path}: another tokenizer than was noted: sha256 {found.sha256[:12]}…, not {sha256[:12]}…",
            hint="restore the file, or leave out sha256 and train again",
        )
    return found


@dataclass(frozen=True)
class _Training:
    """One training.

    Attributes:
        asked: What is to be learnt.
        special: Tokens that are no part of a text.
        where: What errors call the texts.
    """

    asked: Asked
    special: Sequence[str]
    where: str

    def content(self, texts: Sequence[str]) -> str:
        if not any(text.strip() for text in texts):
            raise DataError(
                f"{self.where}: no training text has a word that a tokenizer could learn from",
                hint="tokenizer: bytes learns nothing",
            )
        used = list(_enough(texts))
        tokenizer = getattr(self, f"_{self.asked.name}")(used)
        found, size = tokenizer.get_vocab_size(), self.asked.vocabulary_size
        if found < size:
            raise DataError(
                f"{self.where}: {self.asked.name} finds {found:,} tokens in the training texts, "
                f"not vocabulary_size: {size:,}",
                hint=f"write vocabulary_size: {found}, or fewer",
            )
        if found > size:
            raise DataError(
                f"{self.where}: {self.asked.name} begins with {found:,} tokens here, its letters or bytes, "
                f"more than vocabulary_size: {size:,}",
                hint=f"write vocabulary_size: {2 * found}, or more",
            )
        content: str = tokenizer.to_str()
        return content

    def _begun(self, model: Any) -> Any:
        tokenizers = library()
        tokenizer = tokenizers.Tokenizer(model)
        if self.asked.lowercase:
            tokenizer.normalizer = tokenizers.normalizers.Lowercase()
        return tokenizer

    def _of_bytes(self, model: Any) -> Any:
        """Tokens are bytes side by side, so that every text is known, and comes out as it went in."""
        tokenizers = library()
        tokenizer = self._begun(model)
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = tokenizers.decoders.ByteLevel()
        tokenizer.post_processor = tokenizers.processors.ByteLevel(trim_offsets=True)
        return tokenizer

    def _common(self) -> dict[str, Any]:
        return {
            "vocab_size": self.asked.vocabulary_size,
            "special_tokens": [*self.special],
            "show_progress": False,
        }

    def _bpe(self, texts: Sequence[str]) -> Any:
        tokenizers = library()
        tokenizer = self._of_bytes(tokenizers.models.BPE())
        trainer = tokenizers.trainers.BpeTrainer(**self._common(), initial_alphabet=_all_bytes())
        tokenizer.train_from_iterator(texts, trainer)
        return tokenizer

    def _unigram(self, texts: Sequence[str]) -> Any:
        tokenizers = library()
        tokenizer = self._of_bytes(tokenizers.models.Unigram())
        trainer = tokenizers.trainers.UnigramTrainer(
            **self._common(), unk_token=SPECIAL[1], initial_alphabet=_all_bytes()
        )
        tokenizer.train_from_iterator(texts, trainer)
        return scored_again(tokenizer, texts, len(self.special))

    def _wordpiece(self, texts: Sequence[str]) -> Any:
        tokenizers = library()

        def trained(size: int, first: Sequence[str]) -> Any:
            tokenizer = self._begun(tokenizers.models.WordPiece(unk_token=SPECIAL[1]))
            tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
            options = {**self._common(), "vocab_size": size, "special_tokens": list(first)}
            tokenizer.train_from_iterator(texts, tokenizers.trainers.WordPieceTrainer(**options))
            return tokenizer

        # The library numbers letters inside of words as it meets them, in another order in each process, and
        # breaks ties by number.
        letters = sorted(set(trained(1, self.special).get_vocab()) - {*self.special})
        tokenizer = trained(self.asked.vocabulary_size, [*self.special, *letters])
        plain = self._begun(tokenizers.models.WordPiece(vocab=tokenizer.get_vocab(), unk_token=SPECIAL[1]))
        plain.pre_tokenizer = tokenizer.pre_tokenizer
        plain.decoder = tokenizers.decoders.WordPiece()
        plain.add_special_tokens([*self.special])
        return plain


def _all_bytes() -> list[str]:
    alphabet: list[str] = sorted(library().pre_tokenizers.ByteLevel.alphabet())
    return alphabet


def _enough(texts: Sequence[str]) -> Iterator[str]:
    """The texts, or of more than training has memory for some that are spread evenly."""
    parts = [part for text in texts for part in parts_of(text)]
    step = max(1, -(-sum(map(len, parts)) // MOST_CHARACTERS))
    for part in parts[::step]:
        yield sound(part)
