"""The files of its user's own that lie beside an exported .keras file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.exporting.custom_objects import write_custom_objects
from bigmodel_cli.inference.export_error import ExportError
from bigmodel_cli.modeling import own_code
from bigmodel_cli.modeling.language import read_config

pytestmark = pytest.mark.tf

LAYER = """\
import keras
{more}

class Beside{number}(keras.layers.Layer):
    def call(self, inputs):
        return inputs
"""
CONFIG = """\
code: [{files}]
data: {{source: digits}}
model: [Flatten, Beside{number}, {{Dense: {{units: num_classes, activation: softmax}}}}]
loss: SparseCategoricalCrossentropy
optimizer: Adam
"""


def model_of(folder: Path, files: str, number: int) -> Any:
    import keras

    (folder / "config.yaml").write_text(CONFIG.format(files=files, number=number))
    code = read_config(folder / "config.yaml").code
    own_code.load(code)
    layer = keras.saving.get_custom_objects()[f"Beside{number}"]
    return keras.Sequential([keras.Input((3,)), layer()])


def test_all_that_is_imported_lies_there(tmp_path: Path) -> None:
    (tmp_path / "deepest.py").write_text("def deep(a, b, c):\n    return a\n")
    (tmp_path / "middle.py").write_text("from deepest import deep\n\n\ndef mid(a, b, c):\n    return deep\n")
    (tmp_path / "upper.py").write_text(LAYER.format(more="from middle import mid", number=1))
    model = model_of(tmp_path, "deepest.py, middle.py, upper.py", 1)
    (tmp_path / "out").mkdir()
    write_custom_objects(model, tmp_path / "out")
    found = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert found == ["custom_objects.py", "deepest.py", "middle.py", "upper.py"]


@pytest.mark.parametrize(("name", "number"), [("example", 2), ("custom_objects", 3)])
def test_no_file_takes_the_place_of_another(tmp_path: Path, name: str, number: int) -> None:
    (tmp_path / f"{name}.py").write_text(LAYER.format(more="", number=number))
    model = model_of(tmp_path, f"{name}.py", number)
    with pytest.raises(ExportError, match="is the name of another file"):
        write_custom_objects(model, tmp_path)
