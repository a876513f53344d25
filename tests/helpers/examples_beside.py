"""The example that lies beside an export, run as its user does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def told_by_example(folder: Path, file: Path) -> str:
    """What the example of an export prints of a file, with nothing of bigmodel to be imported."""
    code = (
        f"import sys, runpy; sys.modules['bigmodel_cli'] = None; sys.argv = ['example.py', {str(file)!r}]; "
    )
    code += f"runpy.run_path({str(folder / 'example.py')!r}, run_name='__main__')"
    # As a script, which finds what lies beside it.
    environment = {**os.environ, "PYTHONPATH": str(folder), "TF_CPP_MIN_LOG_LEVEL": "3"}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
