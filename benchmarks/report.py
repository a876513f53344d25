"""The results as a table, a plot and a line each."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from comparisons import OURS, PLAIN, Comparison
from limits import Limits, training_flops


@dataclass(frozen=True)
class Result:
    """The medians of a comparison.

    Attributes:
        name: Its short name.
        title: What was compared.
        unit: Of the values.
        rounds: How often both were measured.
        values: By side, then by measurement.
        ratio: How many times better ours is; None where there is nothing to compare.
        bars: What was to hold, and whether it does.
        is_speed: Whether it is plotted.
        date: When.
        machine: Where, with the versions of what ran.
    """

    name: str
    title: str
    unit: str
    rounds: int
    values: Mapping[str, Mapping[str, float]]
    ratio: float | None
    bars: Sequence[tuple[str, bool]]
    is_speed: bool
    date: str
    machine: str = ""

    @classmethod
    def of(
        cls, name: str, comparison: Comparison, rounds: int, medians: Mapping[str, Mapping[str, float]]
    ) -> Result:
        values = dict(medians[OURS])
        ratio = None
        if PLAIN in medians:
            quotient = values["value"] / medians[PLAIN]["value"]
            ratio = quotient if comparison.more_is_better else 1 / quotient
            values |= {
                "ratio": ratio,
                "inverse": 1 / ratio,
                "difference": values["value"] - medians[PLAIN]["value"],
            }
            if "megabytes" in values:
                values["memory"] = values["megabytes"] / medians[PLAIN]["megabytes"]
        bars = [(bar.text, bar.holds(values)) for bar in comparison.bars]
        return cls(
            name,
            comparison.name,
            comparison.unit,
            rounds,
            medians,
            ratio,
            bars,
            comparison.is_speed,
            time.strftime("%Y-%m-%d"),
        )

    def line(self) -> str:
        sides = ", ".join(f"{side} {self.shown(side)}" for side in self.values)
        ratio = "" if self.ratio is None else f", ratio {self.ratio:.2f}"
        bars = ", ".join(f"{text}: {'yes' if holds else 'NO'}" for text, holds in self.bars)
        return f"{self.name}: {sides}{ratio} ({bars})"

    def shown(self, side: str) -> str:
        """A side's value with its unit, and whatever else was measured."""
        measured = self.values[side]
        others = [f"{key} {_number(value)}" for key, value in measured.items() if key != "value"]
        more = f" ({', '.join(others)})" if others else ""
        return f"{_number(measured['value'])} {self.unit}{more}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def write_report(folder: Path, results: Sequence[Result], limits: Limits, order: Sequence[str]) -> None:
    """Write results.json, results.md and results.png.

    Args:
        folder: Where; results that are there already stay, unless they were measured again.
        results: What was measured.
        limits: Of the machine.
        order: Names of all comparisons.
    """
    stored = folder / "results.json"
    known = {one["name"]: Result(**one) for one in json.loads(stored.read_text())} if stored.exists() else {}
    # Once everything is measured: TensorFlow here would count as memory of processes that this one starts.
    known |= {result.name: replace(result, machine=_machine()) for result in results}
    shown = [known[name] for name in order if name in known]
    stored.write_text(json.dumps([asdict(result) for result in shown], indent=1) + "\n", encoding="utf-8")
    lines = [
        "# Benchmarks",
        "",
        "`make bench` writes this. Both sides are whole processes that take turns; figures are medians over "
        "the rounds, and ratios say how many times better bigmodel is.",
        "",
        "| what | bigmodel | plain script | ratio | bars | rounds |",
        "|---|---|---|---|---|---|",
    ]
    for result in shown:
        bars = "; ".join(f"{text}: {'yes' if holds else '**no**'}" for text, holds in result.bars)
        theirs = result.shown(PLAIN) if PLAIN in result.values else ""
        ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
        lines.append(
            f"| {result.title} | {result.shown(OURS)} | {theirs} | {ratio} | {bars} | {result.rounds} |"
        )
    places = {f"{result.machine}, {result.date}": None for result in shown}
    lines += ["", f"Measured on: {'; '.join(places)}.", "", "![ratios](results.png)", ""]
    lines += _limits(shown, limits)
    (folder / "results.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _plot([result for result in shown if result.is_speed and result.ratio], folder / "results.png")


@cache
def _machine() -> str:
    from bigmodel_cli.modeling.devices import list_devices

    versions = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "bigmodel-cli"))
    device = f"{list_devices()[0].model} ({platform.system()}, {os.cpu_count()} CPUs)"
    return f"{device}, {versions}, Python {platform.python_version()}"


def _limits(results: Sequence[Result], limits: Limits) -> list[str]:
    """How far from the machine's limits training is."""
    lines = [
        "## Against the machine's limits",
        "",
        f"A product of two float32 matrices of 2048 × 2048 runs at {limits.gigaflops:.0f} GFLOP/s here, a "
        f"copy in memory at {limits.gigabytes_per_second:.1f} GB/s.",
        "",
        "| training | operations per image | at the matrix product's speed | reached | share |",
        "|---|---|---|---|---|",
    ]
    for result in results:
        if result.name in ("mlp", "convnet"):
            most = limits.most_images_per_second(result.name)
            value = result.values[OURS]["value"]
            lines.append(
                f"| {result.title} | {training_flops(result.name) / 1e6:.2f} M | {most:,.0f} images/s | "
                f"{value:,.0f} images/s | {value / most:.0%} |"
            )
    return lines


def _plot(results: Sequence[Result], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    ratios = [result.ratio or 0.0 for result in results]
    figure, axes = plt.subplots(figsize=(8, 0.5 * len(results) + 1.2), layout="constrained")
    bars = axes.barh([result.name for result in results], ratios, color="#0072b2")
    axes.bar_label(bars, labels=[f"{ratio:.1f} ×" for ratio in ratios], padding=3)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    ticks = [0.5, 1, 2, 5, 10, 20]
    axes.set_xticks(ticks, [f"{tick:g} ×" for tick in ticks])
    axes.minorticks_off()
    axes.invert_yaxis()
    axes.set_xlabel("times better than the plain script (1: the same)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)
