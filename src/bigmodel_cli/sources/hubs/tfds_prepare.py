"""Prepares a data set: `python -m bigmodel_cli.sources.hubs.tfds_prepare NAME DATA_DIR`.

The last line of stdout says what went wrong, as JSON; progress is on stderr.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from typing import Any


def prepare(name: str, data_dir: str) -> dict[str, Any] | None:
    """Download and prepare a data set.

    Returns:
        None where that went well; else a `message`, or the `names` that there are.
    """
    import tensorflow_datasets as tfds

    try:
        tfds.builder(name, data_dir=data_dir).download_and_prepare()
    except tfds.core.DatasetNotFoundError:
        return {"names": tfds.list_builders(with_community_datasets=False)}
    except (Exception, SystemExit) as error:  # Builders are hundreds of authors' code.
        lines = [line for line in str(error).splitlines() if line.strip()]
        return {"message": (lines or [type(error).__name__])[0]}
    return None


def main() -> int:
    with redirect_stdout(sys.stderr):
        told = prepare(*sys.argv[1:])
    if told is not None:
        sys.stdout.write(f"{json.dumps(told)}\n")
    return 0 if told is None else 1


if __name__ == "__main__":
    sys.exit(main())
