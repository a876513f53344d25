"""What a format is. Its runtime is started by a process that loads nothing else, so nothing heavy is imported
above."""

from __future__ import annotations

import importlib.util
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bigmodel_cli.errors import UsageError
from bigmodel_cli.native_output import silenced

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.exporting.deployed import Deployed

# What a model takes and gives, by the names of its inputs and outputs, each of shape (n, …).
Named = Mapping[str, "np.ndarray"]
# Of a file what it computes; of an engine of `predict`, whatever that takes and gives.
Compute = Callable[[Any], Any]


@contextmanager
def quiet() -> Iterator[None]:
    """What converters print, and warn of, goes nowhere: what matters is measured."""
    with silenced(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@dataclass(frozen=True)
class Precision:
    """What numbers a file has.

    Attributes:
        quantize: How they are made smaller, as `--quantize` has it; None: they are those of the run.
        calibration: Gives some training examples one after the other, as the file's model takes them, where
            ranges of numbers have to be found.
        ranges: Those that the model was trained with, of what its layers give, by their names; None: it was
            trained without.
    """

    quantize: str | None = None
    calibration: Callable[[], Iterator[Named]] | None = None
    ranges: Mapping[str, tuple[float, float]] | None = None


class Format(ABC):
    """A kind of files, and what runs them.

    Attributes:
        name: As `--format` has it.
        file: What the file is called; with `/` at its end, the folder.
        runtime: The package that runs it.
        packages: Those that writing it needs beside TensorFlow.
        extra: Which of our extras has all of them; None: they are here anyway.
        threads_are_fixed: Whether a process has one number of threads for all that it opens.
        takes_words: Whether texts can go in; else they are looked up before.
        quantized: What `--quantize` may ask of it, and what that means.
        quantizers: The package that one of these needs beside, and the extra that has it.
        calibrated: Those for which ranges are found on training examples.
        takes_ranges: Whether these are not needed for a model that was trained with ranges.
    """

    name: ClassVar[str]
    file: ClassVar[str]
    runtime: ClassVar[str]
    packages: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str | None] = None
    threads_are_fixed: ClassVar[bool] = False
    takes_words: ClassVar[bool] = False
    quantized: ClassVar[Mapping[str, str]] = {}
    quantizers: ClassVar[Mapping[str, tuple[str, str]]] = {}
    calibrated: ClassVar[frozenset[str]] = frozenset()
    takes_ranges: ClassVar[bool] = False

    def require(self, quantize: str | None) -> None:
        """Find out before anything is computed whether the packages are there.

        Args:
            quantize: How numbers are to be made smaller.

        Raises:
            UsageError: If one is not.
        """
        needed = [(f"--format {self.name}", name, self.extra) for name in (self.runtime, *self.packages)]
        if quantize is not None and quantize in self.quantizers:
            needed.append((f"--quantize {quantize}", *self.quantizers[quantize]))
        for option, package, extra in needed:
            if importlib.util.find_spec(package) is None:
                what = f"'bigmodel-cli[{extra}]'" if extra else package.replace("_", "-")
                raise UsageError(
                    f"{option} needs the package {package}, which is not installed",
                    hint=f"pip install {what}",
                )

    @abstractmethod
    def write(self, deployed: Deployed, folder: Path, precision: Precision) -> None:
        """Write the file into a folder; TensorFlow runs.

        Raises:
            ExportError: If the model cannot be had so; says which way works.
        """

    @abstractmethod
    def open(self, folder: Path, threads: int) -> Compute:
        """What computes with the file that `write` wrote; only the runtime is loaded.

        Args:
            folder: Where it is.
            threads: How many may compute one call.
        """

    @property
    def runtimes(self) -> tuple[str, ...]:
        """What the example imports."""
        return (self.runtime,)

    def example_of(self, deployed: Deployed) -> str:
        """The example for what was deployed."""
        return self.example

    @property
    @abstractmethod
    def example(self) -> str:
        """Python that makes a function `predict` of the file; `exporting/example.py` has what is around it.

        It takes and gives what `Compute` does, and imports the runtime and NumPy alone.
        """
