"""The gallery's models adopted, and exported in all formats: each beside the score that its script measured.

    python benchmarks/gallery.py [NAME …] [--folder FOLDER]

The models are those of tests/helpers/gallery.py. A table is printed: the score of the script, that of the
run, and for each format what was lost, the largest difference of an output, equal decisions and the size.
The exit code is 1 where a score is another, or a format is missing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

from gallery import GALLERY, Example

FORMATS = ("keras", "savedmodel", "litert", "onnx")


def command(*words: object) -> Any:
    """What a command of bigmodel prints as JSON; what it says goes to stderr."""
    line = [sys.executable, "-m", "bigmodel_cli", *map(str, words), "--json", "--plain"]
    found = subprocess.run(line, stdout=subprocess.PIPE, check=False, text=True)
    if not found.stdout:
        raise SystemExit(f"{' '.join(line)}: exit code {found.returncode}")
    return json.loads(found.stdout)


def measured(name: str, example: Example, runs: Path) -> tuple[float, list[dict[str, Any]]]:
    """The accuracy of the run that a model becomes, and its exports."""
    words = ["--data", example.data, *example.words, "--name", name, "--runs-dir", runs]
    adopted = command("adopt", example.model, *words)
    exports = command("export", adopted["run"], "--format", ",".join(FORMATS), "--runs-dir", runs)
    return adopted["test"]["accuracy"], exports["exports"]


def line(export: dict[str, Any]) -> str:
    """One format's row."""
    if "comparison" not in export:
        return f"  {export['format']:<11} none: {export['reason']}"
    found = export["comparison"]
    lost = found["run_scores"]["accuracy"] - found["scores"]["accuracy"]
    kept = "" if export["path"] else f"   not kept: {export['reason']}"
    return (
        f"  {export['format']:<11} {lost:9.4f} {found['max_difference']:12.1e} "
        f"{found['equal_decisions']:10.4f} {export['costs']['bytes'] / 1000:10.1f}{kept}"
    )


def show(name: str, folder: Path) -> bool:
    """Make, adopt and export one; whether all is as it should be."""
    folder.mkdir(parents=True)
    example = GALLERY[name](folder)
    accuracy, exports = measured(name, example, folder / "runs")
    print(f"{name}: script {example.accuracy:.4f}, run {accuracy:.4f}")
    print("  format           lost   difference  decisions         kB")
    for export in exports:
        print(line(export), flush=True)
    return abs(accuracy - example.accuracy) < 1e-6 and all(one["path"] for one in exports)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", choices=[[], *GALLERY], help="all where none is named"
    )
    parser.add_argument("--folder", type=Path, help="where models and runs stay; else they go")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as temporary:
        top = given.folder or Path(temporary)
        found = [show(name, top / name) for name in given.names or GALLERY]
    return 0 if all(found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
