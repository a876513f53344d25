"""Parts of words, as a file of Hugging Face's tokenizers has them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from bigmodel_cli.errors import DataError
from bigmodel_cli.vocabulary.asked import kept
from bigmodel_cli.vocabulary.library import library
from bigmodel_cli.vocabulary.vocabulary import Spans, Vocabulary

if TYPE_CHECKING:
    import numpy as np

# What tokenizers call the token that stands for none, for what they do not know, before and behind a text.
PADDINGS = ("[PAD]", "<pad>", "<PAD>", "<|padding|>")
_UNKNOWNS = ("[UNK]", "<unk>", "<UNK>")
BEGINS = ("[BEGIN]", "[CLS]", "<s>", "<bos>", "[BOS]", "<|startoftext|>")
ENDS = ("[END]", "[SEP]", "</s>", "<eos>", "[EOS]", "<|endoftext|>")
# A text is taken to pieces in parts of about so many characters: what a library notes of each token is many
# times the text.
_PART = 65_536
# Where byte-level tokenizers part words whatever follows: before white space that begins a line.
_PARTING = re.compile(r"(?<=\S)(?=\n)")
# What comes out as it went in where nothing is lost.
_EXACT = ("Ab cÉe\u0301\ufb01½  ,\n\t x ", "\nI")


@dataclass(frozen=True)
class Subwords(Vocabulary):
    """Tokens of a tokenizer that has learnt them.

    Attributes:
        algorithm: `bpe`, `wordpiece` or `unigram`.
        tokens: How many there are.
        sha256: Of the file.
        padded: Whether 0 stands for no token; where the file has another one there, all are moved by one.
        file: What the file is called in a run's folder.
        content: Of the file; None: it is read when it is needed.
        folder: Where the file is.
    """

    name: ClassVar[str] = "subwords"
    packages: ClassVar[Sequence[str]] = ("tokenizers",)

    algorithm: str
    tokens: int
    sha256: str
    padded: bool
    file: str = field(compare=False, default="tokenizer.json")
    content: str | None = field(compare=False, repr=False, default=None)
    folder: Path | None = field(compare=False, repr=False, default=None)
    unit: str = field(default="subwords", init=False, repr=False)

    @classmethod
    def of(cls, content: str, *, padded: bool) -> Subwords:
        """The tokens of a file, which holds a sound tokenizer."""
        found = cls(
            json.loads(content)["model"]["type"].lower(), 0, _sha256(content), padded, content=content
        )
        return replace(found, tokens=found.size_in_file)

    @property
    def size(self) -> int:
        return self.tokens

    @property
    def described(self) -> str:
        return f"{self.size:,} {self.unit} ({self.algorithm})"

    @property
    def padding(self) -> int | None:
        return 0 if self.padded else None

    @cached_property
    def unknown(self) -> int | None:
        return self._called(*([self._unknown_token] if self._unknown_token else []), *_UNKNOWNS)

    @cached_property
    def begin(self) -> int | None:
        return self._called(*BEGINS)

    @cached_property
    def end(self) -> int | None:
        return self._called(*ENDS)

    def encode(self, text: str, where: str) -> np.ndarray:
        return self._joined(self.encode_all(list(parts_of(text)), where))

    def encode_all(self, texts: Sequence[str], where: str) -> list[np.ndarray]:
        import numpy as np

        whole = [sound(text) for text in texts]
        found = self._tokenizer.encode_batch_fast(whole, add_special_tokens=False)
        return [np.array(one.ids, np.int32) + self._moved for one in found]

    def spans(self, text: str, where: str) -> Spans:
        import numpy as np

        found = self._tokenizer.encode(sound(text), add_special_tokens=False)
        places = np.array(found.offsets, np.int32).reshape(-1, 2)
        return Spans(np.array(found.ids, np.int32) + self._moved, places)

    @staticmethod
    def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
        import numpy as np

        return np.concatenate([np.zeros(0, np.int32), *parts])

    def as_bytes(self, ids: Any) -> bytes:
        known = self._bytes_of_tokens
        if known is not None:
            return b"".join(known[int(number)] for number in ids)
        return self.decode(ids).encode("utf-8", "replace")

    def decode(self, ids: Any) -> str:
        if self._bytes_of_tokens is not None:
            return super().decode(ids)
        kept = [int(number) - self._moved for number in ids if number not in self._silent]
        text: str = self._tokenizer.decode(kept, skip_special_tokens=True)
        return text

    @property
    def snippet(self) -> str:
        silent = sorted(number for number in self._silent if number is not None)
        return f"""\
from tokenizers import Tokenizer


def text_of(ids):
    tokenizer = Tokenizer.from_file(str(HERE / "{self.file}"))
    return tokenizer.decode([number - {self._moved} for number in ids if number not in {silent}])
"""

    def as_text(self, ids: Any) -> str:
        names = self._tokenizer
        return " ".join(str(names.id_to_token(int(number) - self._moved)) for number in ids)

    def from_text(self, text: str) -> np.ndarray:
        import numpy as np

        ids = [self._tokenizer.token_to_id(token) for token in text.split(" ") if token]
        return np.array(ids, np.int32) + self._moved

    def shown(self, ids: Any) -> str:
        return self.decode(ids)

    @cached_property
    def is_exact(self) -> bool:
        """Whether tokens are bytes side by side, so that each text is what its tokens make."""
        if self._bytes_of_tokens is None:
            return False
        # Some have small letters alone, others put a space before a text, or compose its letters.
        return all(self.as_bytes(self.encode(text, "")) == text.encode() for text in _EXACT)

    def num_bytes(self) -> np.ndarray:
        import numpy as np

        assert self._bytes_of_tokens is not None, "only tokens of bytes have some"
        return np.array([len(token) for token in self._bytes_of_tokens], np.float64)

    def as_json(self) -> dict[str, Any]:
        return {
            "tokens": self.name,
            "algorithm": self.algorithm,
            "size": self.tokens,
            "padded": self.padded,
            "file": self.file,
            "sha256": self.sha256,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        return cls(
            record["algorithm"], record["size"], record["sha256"], record["padded"], str(record["file"])
        )

    def found_in(self, folder: Path) -> Self:
        return replace(self, folder=folder)

    def kept_as(self, file: str) -> Subwords:
        """The same under another name."""
        return replace(self, file=file)

    @property
    def noted(self) -> dict[str, Any]:
        return kept(self.file, self.sha256)

    @property
    def files(self) -> dict[str, str]:
        return {self.file: self._content}

    @property
    def size_in_file(self) -> int:
        """How many ids there are, with the one for padding; files may leave some out."""
        return self._num_in_file + self._moved

    @property
    def moved(self) -> int:
        """What is added to the ids of the file, so that 0 stands for no token."""
        return self._moved

    @cached_property
    def _num_in_file(self) -> int:
        return int(max(self._tokenizer.get_vocab().values(), default=-1)) + 1

    @cached_property
    def _content(self) -> str:
        if self.content is not None:
            return self.content
        assert self.folder is not None, "whoever opens a run says where it is"
        path = self.folder / self.file
        try:
            content = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                f"{path}: the tokenizer of this model cannot be read: {error}",
                hint="restore the file, or train again",
            ) from None
        if _sha256(content) != self.sha256:
            raise DataError(
                f"{path}: this is not the tokenizer that the model was trained with (another sha256)",
                hint="restore the file, or train again",
            )
        return content

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = library().Tokenizer.from_str(self._content)
        # Lengths are ours to see to, and a text that says "[PAD]" means these letters.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        return tokenizer

    @cached_property
    def _moved(self) -> int:
        return int(self.padded and self._tokenizer.id_to_token(0) not in PADDINGS)

    @cached_property
    def _unknown_token(self) -> str | None:
        model = json.loads(self._content)["model"]
        if isinstance(model.get("unk_id"), int):
            return str(self._tokenizer.id_to_token(model["unk_id"]))
        token: str | None = model.get("unk_token")
        return token

    @cached_property
    def _silent(self) -> frozenset[int | None]:
        return frozenset((self.padding, self.begin, self.end)) - {None}

    def _called(self, *names: str) -> int | None:
        ids = (self._tokenizer.token_to_id(name) for name in names)
        return next((number + self._moved for number in ids if number is not None), None)

    @cached_property
    def _bytes_of_tokens(self) -> list[bytes] | None:
        """The bytes that each token is; None where tokens are no bytes."""
        written = json.loads(self._content)
        if not (_is_byte_level(written.get("decoder")) and _is_byte_level(written.get("pre_tokenizer"))):
            return None
        added = self._tokenizer.get_added_tokens_decoder()
        found = [b""] * self._moved
        for number in range(self._num_in_file):
            token = self._tokenizer.id_to_token(number) or ""
            if number in added:
                found.append(b"" if added[number].special else token.encode())
            else:
                found.append(b"".join(_BYTE_OF.get(letter) or letter.encode() for letter in token))
        return found


def _is_byte_level(part: Any) -> bool:
    """Whether a part of a tokenizer's file is, or has, one of bytes."""
    if not isinstance(part, dict):
        return False
    inner = part.get("pretokenizers") or part.get("decoders") or ()
    return part.get("type") == "ByteLevel" or any(map(_is_byte_level, inner))


def _bytes_as_letters() -> dict[str, bytes]:
    """The letter that stands for each byte where tokens are bytes (GPT-2's own table)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [number for number in range(256) if number not in plain]
    letters = {chr(number): bytes([number]) for number in plain}
    return letters | {chr(256 + place): bytes([number]) for place, number in enumerate(others)}


_BYTE_OF = _bytes_as_letters()


def parts_of(text: str) -> Iterator[str]:
    """A text in parts that are taken to the same pieces as the whole."""
    start = 0
    while len(text) - start > _PART:
        match = _PARTING.search(text, start + _PART)
        if match is None:
            break
        yield text[start : match.start()]
        start = match.start()
    yield text[start:]


def sound(text: str) -> str:
    """The text without halves of pairs, which no UTF-8 has."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
