"""What the tests of building share: models from lines of YAML, on made-up signatures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.errors import ConfigError
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.segmentation.task import Segmentation
from bigmodel_cli.tasks.task import Task

# A source whose classes are known only once it is read: the signature says them.
HEAD = """\
data: {source: {npz: {path: made-up.npz}}}
loss: LOSS
optimizer: OPTIMIZER
model:
"""


@pytest.fixture
def experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """An experiment from the text of its model (in `c.yaml` from line 5) and more sections after it."""
    from bigmodel_cli.modeling.language import read_config

    monkeypatch.chdir(tmp_path)

    def read(
        model: str, more: str = "", loss: str = "CategoricalCrossentropy", optimizer: str = "Adam"
    ) -> Any:
        head = HEAD.replace("LOSS", loss).replace("OPTIMIZER", optimizer)
        Path("c.yaml").write_text(head + model + more)
        return read_config(Path("c.yaml")).experiment

    return read


@pytest.fixture
def build(experiment: Callable[..., Any]) -> Callable[..., Any]:
    """Builds such a model for examples of a shape and a number of classes (None: numbers as labels)."""
    from bigmodel_cli.modeling.backend import start
    from bigmodel_cli.modeling.build import build_model

    def call(
        model: str,
        more: str = "",
        *,
        shape: tuple[int, ...] = (8, 8, 1),
        classes: int | None = 10,
        dtype: str = "uint8",
        target_shape: tuple[int, ...] = (),
        mask: tuple[int, int] | None = None,
        **options: Any,
    ) -> Any:
        names = None if classes is None else tuple(f"class_{number}" for number in range(classes))
        start(seed=0)
        task: Task = Regression(target_shape) if names is None else Classification(names)
        if mask is not None:
            task = Segmentation(mask, names or ())
        signature = Signature.of(ArrayKind(shape, dtype), task)
        return build_model(experiment(model, more, **options), signature, total_steps=10)

    return call


@pytest.fixture
def refused(build: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """The one problem of a model that cannot be built."""

    def call(model: str, more: str = "", **options: Any) -> dict[str, Any]:
        with pytest.raises(ConfigError) as caught:
            build(model, more, **options)
        (problem,) = caught.value.problems
        return problem

    return call
