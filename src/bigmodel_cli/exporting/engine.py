"""An exported file as an engine of `predict`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.exporting.deployed import given, padded
from bigmodel_cli.exporting.format import Named
from bigmodel_cli.exporting.manifest import FRONT
from bigmodel_cli.exporting.runtime import ExportedFile
from bigmodel_cli.inference.engines import joined
from bigmodel_cli.inference.front import read_front
from bigmodel_cli.inference.loading import first_line
from bigmodel_cli.inference.lookups.front import UnknownToken


class ExportEngine:
    """Predicts with a file that `export` wrote, in its own runtime.

    Args:
        folder: Where it is.
        manifest: What its model.json says.
        threads: How many compute one call.

    Raises:
        ImportError: If the runtime is not installed.
        DataError: If the file is damaged.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any], threads: int) -> None:
        self._front = read_front(folder / FRONT) if (folder / FRONT).exists() else None
        self._inputs = [port["name"] for port in manifest["inputs"]]
        self._outputs = [port["name"] for port in manifest["outputs"]]
        # How many go in at once; None: as many as there are.
        self._size: int | None = manifest["inputs"][0]["shape"][0]
        try:
            self._compute = ExportedFile(manifest["format"], folder).open(threads)
        except ImportError:
            raise
        except Exception as error:  # Each runtime has errors of its own.
            raise DataError(f"{folder}: damaged: {first_line(error)}") from None

    @property
    def needed(self) -> Collection[str]:
        """Columns of numbers in which no value may be missing."""
        return () if self._front is None else self._front.needed

    def predict(self, features: Any) -> Any:
        try:
            named = given(self._inputs, self._front, features)
        except UnknownToken as error:
            raise DataError(str(error)) from None
        made = self._computed(named)
        outputs = {name: np.asarray(made[name], np.float32) for name in self._outputs}
        return outputs if len(outputs) > 1 else outputs[self._outputs[0]]

    def look(self, features: Any) -> tuple[Any, None]:
        return self.predict(features), None

    def _computed(self, named: Named) -> Named:
        count = len(next(iter(named.values())))
        size = self._size or count
        parts = []
        for start in range(0, count, size):
            some = {name: values[start : start + size] for name, values in named.items()}
            try:
                made = self._compute(some if self._size is None else padded(some, size))
            except Exception as error:  # Each runtime has errors of its own.
                raise DataError(f"the model cannot compute it: {first_line(error)}") from None
            parts.append({name: np.asarray(values) for name, values in made.items()})
        return {name: values[:count] for name, values in joined(parts).items()}
