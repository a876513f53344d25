"""The inference model of a run, exported once after training so that `predict` answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.inference.litert import ExportError, check_parity, export
from bigmodel_cli.listener import Listener
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.whole_files import write_whole

PARITY_EXAMPLES = 16
# A flatbuffer holds at most 2 GB, and the conversion needs several times the model's size.
MAX_PARAMETERS = 100_000_000


def export_run(run: RunFolder, model: Any, examples: Examples, listener: Listener) -> None:
    """Write model.tflite, unless LiteRT cannot express the model or answers differently.

    Args:
        run: Where.
        model: The best checkpoint's model.
        examples: Some of them are predicted by both to compare them.
        listener: Is told why where there is no export.
    """
    if model.count_params() > MAX_PARAMETERS:
        listener.say(f"no LiteRT model: it is for models of at most {MAX_PARAMETERS:,} parameters")
        return
    count = min(PARITY_EXAMPLES, len(examples))
    features = np.stack([examples.read(index) for index in range(count)])

    def write(path: Path) -> None:
        export(model, path)
        check_parity(model, path, features)

    try:
        write_whole(run.litert_model, write)
    except ImportError:
        listener.say("no LiteRT model: ai-edge-litert is not installed; predict will use Keras")
    except ExportError as error:
        listener.say(f"no LiteRT model, predict will use Keras: {error.message}")
