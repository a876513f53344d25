"""A run that is served: what is said of a model that takes no blank example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.serving import served
from bigmodel_cli.serving.chosen import Engines

pytestmark = pytest.mark.tf


class Picky:
    """An engine that takes no zeros."""

    needed = ()

    def predict(self, features: Any) -> np.ndarray:
        if not np.any(features):
            raise DataError("the model's output is NaN")
        return np.full((len(features), 3), 1 / 3, np.float32)

    def look(self, features: Any) -> tuple[np.ndarray, None]:
        return self.predict(features), None


def test_who_takes_no_blank_example_is_said_not_to_be_warm(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_folder(RunFolder(next((trained / "tiny").iterdir())))
    monkeypatch.setattr(
        served, "open_engines", lambda *_, **__: Engines("keras", [Picky()], "as it is asked")
    )
    said: list[str] = []
    found = served.serve_run("tiny", opened, "keras", said.append)
    try:
        (line,) = said
        assert line == (
            "tiny: is not warm, and computes one example at a time, since it takes no blank one: "
            "the model's output is NaN"
        )
        assert (found.batcher.most, found.batch_seconds) == (1, {})
    finally:
        found.close()
