"""How a few lines of Python that know nothing of bigmodel read an example: what lies beside an export."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar


class Snippet(ABC):
    """Reads a file that a user has.

    Attributes:
        placeholder: What stands for such a file.
        packages: Those that it needs beside NumPy, as pip calls them.
    """

    placeholder: str
    packages: tuple[str, ...] = ()

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    @abstractmethod
    def value(self, function: str) -> str:
        """Python that makes a function of one value of the kind, with an axis in front.

        It takes what a user has, a path or a cell of JSON, and the folder which paths are relative to.

        Args:
            function: What it is called.
        """

    def code(self, name: str) -> str:
        """Python that makes a function `read(path)`, which gives one example by the names of inputs.

        It may use `np`, `json`, `Path`, and `ABOUT`, which is model.json.

        Args:
            name: What the one input is called.
        """
        return f'''\
{self.value("read_value")}

def read(path):
    return {{"{name}": read_value(path, "")}}
'''


class WordsSnippet(Snippet):
    """A list of words, of as many as the kind has places for; what is not there is "".

    Attributes:
        keeps_last: Whether of more words the last ones count, and not the first.
    """

    keeps_last: ClassVar[bool] = False

    def value(self, function: str) -> str:
        length = self.kind.length
        kept = f"-{length}:" if self.keeps_last else f":{length}"
        return f"""\
def {function}(given, folder):
    words = given[{kept}]
    return np.array([words + [""] * ({length} - len(words))], object)
"""
