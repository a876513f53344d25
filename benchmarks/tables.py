"""How long reading a table takes, from CSV to NumPy arrays and to examples, beside pyarrow's `read_csv`.

    python benchmarks/tables.py [ROWS] [FOLDER]

A million rows by default: a number of the row, a whole number, two others, two categories and a date. The
time is to be at most three times that of `read_csv`, and the growth of memory at most twice the arrays and
300 MB. They run in turn, each in a process of its own; the medians of the turns' ratios count.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

TRIES = 9

WRITE = """
import sys
import numpy as np, pyarrow as pa
from pyarrow import csv
rows, path = int(sys.argv[1]), sys.argv[2]
random = np.random.default_rng(0)
cities = np.array([f"city {number}" for number in range(300)])
csv.write_csv(pa.table({
    "id": np.arange(rows),
    "age": random.integers(18, 90, rows),
    "income": np.round(random.lognormal(10, 1, rows), 2),
    "score": np.round(random.normal(size=rows), 6),
    "city": cities[random.integers(0, 300, rows)],
    "level": np.array(["low", "mid", "high"])[random.integers(0, 3, rows)],
    "day": np.datetime64("2015-01-01") + random.integers(0, 3000, rows),
}), path)
"""
MEASURE = """
import json, resource, sys, time
import numpy, pyarrow, pyarrow.compute
from pyarrow import csv
{imports}

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

# No thread watches: it would take its turns of Python from what is measured.
before = resident()
began, used = time.perf_counter(), time.process_time()
{work}
seconds, used = time.perf_counter() - began, time.process_time() - used
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({{"seconds": seconds, "processor": used, "growth": peak - before, "arrays": {arrays}}}))
"""
PYARROW = MEASURE.format(imports="", work="table = csv.read_csv(sys.argv[1])", arrays="table.nbytes")
ARRAYS = MEASURE.format(
    imports="""
from bigmodel_cli.sources.tables.survey import survey
from bigmodel_cli.sources.tables.table import open_table
from bigmodel_cli.sources.tables.values import read
""",
    work="""
table = open_table(sys.argv[1])
found = survey(table, keep=True)
columns = read(table, found.columns, found.kept)
""",
    arrays="sum(array.nbytes for column in columns.values() for array in vars(column).values() "
    "if hasattr(array, 'nbytes'))",
)
SOURCE = MEASURE.format(
    imports="""
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.table import TableOptions
from bigmodel_cli.sources.tables import survey, values
""",
    work="""
train = TableOptions(path=sys.argv[1], target="level").load(LoadContext()).splits["train"]
""",
    arrays="sum(one.nbytes for one in train.targets.values()) + "
    "sum(store.array.nbytes for store in train.inputs.values())",
)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        path = Path(folder) / "table.csv"
        subprocess.run([sys.executable, "-c", WRITE, str(rows), str(path)], check=True)
        megabytes = path.stat().st_size / 1e6
        print(f"{rows:,} rows, {megabytes:.0f} MB; medians of {TRIES} turns, in each of which all three run")
        found: dict[str, list[dict[str, float]]] = {"pyarrow": [], "arrays": [], "examples": []}
        for _ in range(TRIES):
            for name, code in (("pyarrow", PYARROW), ("arrays", ARRAYS), ("examples", SOURCE)):
                found[name].append(measured(code, path))
        middle = {
            name: {key: median(run[key] for run in runs) for key in runs[0]} for name, runs in found.items()
        }
        for name, run in middle.items():
            print(
                f"{name:10} {run['seconds']:.2f} s, {run['processor']:.2f} s of processors, "
                f"grows by {run['growth'] / 1e6:.0f} MB"
            )
        for name in ("arrays", "examples"):
            ours = middle[name]
            for key, what in (("seconds", "time"), ("processor", "time of processors")):
                ratios = [run[key] / one[key] for run, one in zip(found[name], found["pyarrow"], strict=True)]
                print(f"{name}, {what}: {median(ratios):.2f} times read_csv (at most 3)")
            held, most = ours["arrays"] / 1e6, 2 * ours["arrays"] / 1e6 + 300
            print(f"{name}, memory: {ours['growth'] / 1e6:.0f} MB for {held:.0f} MB (at most {most:.0f})")


def measured(code: str, path: Path) -> dict[str, float]:
    """What one process found."""
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    main()
