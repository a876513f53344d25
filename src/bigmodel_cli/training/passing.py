"""Where runs are trained that only try a config: in a folder that goes away, whatever happens."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bigmodel_cli.errors import Interrupted


@contextmanager
def passing_folder(what: str) -> Iterator[Path]:
    """A temporary folder; a run in it is nothing that anybody goes on with.

    Args:
        what: The option of `train` that tries: smoke, overfit.

    Raises:
        Interrupted: If a signal ended what was tried.
    """
    with tempfile.TemporaryDirectory(prefix=f"bigmodel-{what}-") as folder:
        try:
            yield Path(folder)
        except Interrupted as error:
            # Training says what is kept, and how to go on with it.
            raise Interrupted(error.signal_number, f"interrupted; --{what} keeps nothing") from None
