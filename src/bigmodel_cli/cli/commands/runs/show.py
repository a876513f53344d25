"""`bigmodel runs show`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import (
    example,
    json_option,
    runs_dir_option,
    runs_dir_words,
    tunes_dir_option,
)
from bigmodel_cli.run_folder import WEIGHTS_REMOVED
from bigmodel_cli.signature import recorded_signature

if TYPE_CHECKING:
    from bigmodel_cli.run_folder import RunFolder
    from bigmodel_cli.tuning.folder import SearchFolder

# Phases that took less than this share of the time are added up.
_SMALL_PHASE = 0.02
_SHOWN_DIGITS = 12


@click.command(
    epilog=example(
        "bigmodel runs show", "bigmodel runs show mnist --json", "bigmodel runs show tunes/digits_tune"
    )
)
@click.argument("run", required=False, shell_complete=complete.runs)
@runs_dir_option
@tunes_dir_option
@json_option
def command(run: str | None, runs_dir: Path, tunes_dir: Path, as_json: bool) -> None:
    """Show everything about a run on one screen.

    How it went and where the time went, on what it was trained, what its config changes, how good it is with
    95 % intervals, and what its folder holds. RUN is a run's folder, or a name for its newest completed run,
    or its newest one where none is complete; left out, the newest of all is meant. Of a search, named by its
    folder, the best trials and what it came to are shown.
    """
    from bigmodel_cli.cli.output import echo_json, printable, warn
    from bigmodel_cli.reporting.run_details import details
    from bigmodel_cli.reporting.run_summary import summarise

    if run is not None and (search := _search(run, runs_dir, tunes_dir)) is not None:
        _show_search(search, as_json=as_json)
        return
    folder = _find(run, runs_dir)
    shown = details(summarise(folder))
    if as_json:
        echo_json(shown)
        return
    for name, text in _lines(folder.title, shown):
        click.echo(f"{name:<11} {printable(text)}")
    _print_splits(shown)
    _print_results(shown)
    _print_checkpoints(shown)
    for problem in shown["problems"]:
        warn(problem)
    _say_next(folder.title, shown, runs_dir)


def _search(word: str, runs_dir: Path, tunes_dir: Path) -> SearchFolder | None:
    """The search that is meant: by its folder, or by its name where no run has that."""
    from bigmodel_cli.run_search import all_runs
    from bigmodel_cli.tuning.folder import SearchFolder
    from bigmodel_cli.tuning.summary import find_search

    found = find_search(word, tunes_dir)
    is_folder = SearchFolder(Path(word)).record.is_file()
    if found is None or is_folder:
        return found
    return None if any(run.path.parent.name == word for run in all_runs(runs_dir)) else found


def _show_search(folder: SearchFolder, *, as_json: bool) -> None:
    from bigmodel_cli.cli.output import echo_json
    from bigmodel_cli.cli.tuned import search_as_json, show_search
    from bigmodel_cli.tuning.summary import summarise_search

    summary = summarise_search(folder)
    if as_json:
        echo_json(search_as_json(summary))
    else:
        show_search(summary)


def _find(word: str | None, runs_dir: Path) -> RunFolder:
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.run_search import all_runs, find_run

    try:
        return find_run(word, runs_dir)
    except UsageError:
        unfinished = (run for run in all_runs(runs_dir) if word in (None, run.path.parent.name))
        newest = next(unfinished, None)
        if newest is None:
            raise
        return newest


def _lines(title: str, shown: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What fits into a line each, with what it is."""
    from bigmodel_cli.byte_sizes import byte_size
    from bigmodel_cli.cli.output import one_line

    yield "run", one_line(title)
    yield "status", one_line(_status(shown))
    for name, key, write in _PARTS:
        if shown.get(key):
            yield name, one_line(write(shown[key]))
    if shown.get("config"):
        for number, text in enumerate(_config(shown["config"])):
            yield "config" if number == 0 else "", text
    for gate in shown.get("gates", []):
        yield "gate", one_line(_gate(gate))
    files = shown["files"]
    yield "files", f"{files['count']} files, {byte_size(files['bytes'])}"


def _status(shown: dict[str, Any]) -> str:
    from bigmodel_cli.cli.output import duration

    started = str(shown.get("started", ""))[:16].replace("T", " ")
    sessions = shown.get("sessions", [])
    parts = [
        shown["status"],
        f"started {started}" if started else None,
        f"{shown['epochs']} epochs" if shown.get("epochs") else None,
        duration(shown["seconds"]) if shown.get("seconds") is not None else None,
        f"{len(sessions)} sessions" if len(sessions) > 1 else None,
    ]
    return ", ".join(part for part in parts if part)


def _time(phases: dict[str, float]) -> str:
    from bigmodel_cli.cli.output import duration

    total = sum(phases.values()) or 1.0
    large = {name: seconds for name, seconds in phases.items() if seconds >= _SMALL_PHASE * total}
    rest = total - sum(large.values())
    parts = [f"{name} {duration(seconds)} ({seconds / total:.0%})" for name, seconds in large.items()]
    return ", ".join([*parts, f"the rest {duration(rest)}"] if len(large) < len(phases) else parts)


def _plan(plan: dict[str, Any]) -> str:
    device, steps = plan.get("device", {}), plan.get("steps_per_execution")
    parts = [
        f"{device.get('name')} ({device.get('model')})",
        plan.get("precision"),
        "XLA" if plan.get("jit_compile") else "no XLA",
        f"{steps} step{'s' * (steps != 1)} per execution" if steps else None,
        "deterministic" if plan.get("deterministic") else None,
    ]
    return ", ".join(part for part in parts if part)


def _data(data: dict[str, Any]) -> str:
    signature = recorded_signature(data)
    skipped = "".join(f"; {count} {name} files skipped" for name, count in data.get("skipped", {}).items())
    return f"{signature.described if signature else 'not known'}{skipped}"


def _config(config: dict[str, Any]) -> Iterator[str]:
    from bigmodel_cli.cli.output import one_line, yaml_line

    words = [one_line(word) for word in config["overrides"]]
    yield one_line(str(config["file"])) + (f", with {shlex.join(words)}" if words else "")
    for changed in config["not_default"]:
        key, value, default = (changed[name] for name in ("key", "value", "default"))
        # What is nothing by default needs no word of it.
        usual = "" if default in (None, [], {}) else f" (default {yaml_line(default)})"
        yield f"{one_line(key)}: {yaml_line(value)}{usual}"


def _parent(parent: dict[str, Any]) -> str:
    from bigmodel_cli.reporting.parent import parent_sentence

    return parent_sentence(parent)


def _chosen(chosen: dict[str, Any]) -> str:
    from bigmodel_cli.reporting.chosen import chosen_sentence

    return chosen_sentence(chosen, "test")


def _litert(litert: dict[str, Any]) -> str:
    if "reason" in litert:
        return f"none: {litert['reason']}"
    return (
        f"answers as Keras on {litert.get('examples')} examples, within {litert.get('max_difference', 0):.2g}"
    )


def _decision(rule: dict[str, Any]) -> str:
    from bigmodel_cli.evaluation_parts import decision_in_words

    if not {"temperature", "thresholds"} & rule.keys():
        return "; ".join(f"{target}: {_decision(of_one)}" for target, of_one in rule.items())
    chosen = f"chosen on {rule.get('examples')} examples of the {rule.get('split')} split"
    return f"{decision_in_words(rule)}; {chosen}"


def _stopped(stopped: dict[str, Any]) -> str:
    from bigmodel_cli.stopped import read_stopped

    return f"by {read_stopped(stopped)}"


def _gate(gate: dict[str, Any]) -> str:
    from bigmodel_cli.gates import GateResult

    return f"{GateResult(**gate)}: {'met' if gate['met'] else 'MISSED'}"


_PARTS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("error", "error", str),
    ("stopped", "stopped", _stopped),
    ("time", "time", _time),
    ("device", "plan", _plan),
    ("data", "data", _data),
    ("model", "parameters", "{:,} parameters".format),
    ("parent", "parent", _parent),
    ("search", "chosen", _chosen),
    ("weights", "weights_removed", "removed: {}".format),
    ("LiteRT", "litert", _litert),
    ("decision", "decision", _decision),
)


def _print_splits(shown: dict[str, Any]) -> None:
    from bigmodel_cli.cli.output import table

    rows = [
        [name, f"{split['examples']:,}", split["origin"], str(split["sha256"])[:_SHOWN_DIGITS]]
        for name, split in shown.get("data", {}).get("splits", {}).items()
    ]
    if rows:
        table(["split", "examples", "origin", "sha256"], rows, numeric=["examples"])


def _print_results(shown: dict[str, Any]) -> None:
    from bigmodel_cli.cli.output import metrics_line, number, table

    for split, metrics in shown.get("results", {}).items():
        rows = [
            [
                name,
                number(found["value"]),
                f"{number(found['low'])} to {number(found['high'])}" if "low" in found else "",
            ]
            for name, found in metrics.items()
        ]
        table([split, "value", "95 % interval"], rows, numeric=["value"])
    if shown.get("last"):
        click.echo(f"{'so far':<11} {metrics_line(shown['last'])}")


def _print_checkpoints(shown: dict[str, Any]) -> None:
    from bigmodel_cli.byte_sizes import byte_size
    from bigmodel_cli.cli.output import number, table

    rows = [
        [
            found["name"],
            f"{found['epoch']}{' +' if found.get('step') else ''}" if "epoch" in found else "?",
            f"{found['monitor']} {number(found['value'])}" if found.get("value") is not None else "",
            byte_size(found["bytes"]),
        ]
        for found in shown["checkpoints"]
    ]
    if rows:
        table(["checkpoint", "epoch", "value", "size"], rows, numeric=["epoch", "size"])


def _say_next(title: str, shown: dict[str, Any], runs_dir: Path) -> None:
    from bigmodel_cli.cli.output import next_command

    run = shlex.quote(title)
    if shown["status"] in ("interrupted", "crashed", "failed"):
        next_command(f"bigmodel train --resume {run}")
    elif shown.get(WEIGHTS_REMOVED):
        next_command(f"bigmodel train {run}/config.yaml")
    elif shown["status"] == "completed":
        signature = recorded_signature(shown["data"])
        used_by = signature.used_by if signature else "predict FILE"
        name = shlex.quote(str(shown["name"]))
        next_command(
            f"bigmodel evaluate {run}",
            f"bigmodel {used_by} --run {run}",
            f"bigmodel runs compare {name}{runs_dir_words(runs_dir)}",
        )
