"""What the page says."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from bigmodel_cli.advice.findings import Findings
from bigmodel_cli.config.differences import differences
from bigmodel_cli.config.dump import to_flow
from bigmodel_cli.config.naming import direction, named
from bigmodel_cli.errors import DataError
from bigmodel_cli.evaluation_parts import TARGETS, intervals_in
from bigmodel_cli.figures import svg
from bigmodel_cli.gates import GateResult
from bigmodel_cli.parts import part_of
from bigmodel_cli.reporting.chosen import chosen_sentence
from bigmodel_cli.reporting.compressed import compressed_content
from bigmodel_cli.reporting.curves import draw_curves, draw_speed
from bigmodel_cli.reporting.of_targets import OfTarget, of_targets
from bigmodel_cli.reporting.parent import parent_sentence
from bigmodel_cli.reporting.rate_curve import draw_rate_test
from bigmodel_cli.reporting.report.baselines import baselines_content
from bigmodel_cli.reporting.report.exports import exports_content
from bigmodel_cli.reporting.report.groups import groups_content
from bigmodel_cli.reporting.report.importance import importance_content
from bigmodel_cli.reporting.report.label_problems import label_problem_sections
from bigmodel_cli.reporting.report.reported import Reported
from bigmodel_cli.reporting.run_summary import without_auto
from bigmodel_cli.run_folder import ADOPTED, CHOSEN, COMPRESSED, RATE_TEST, STOPPED, TEACHER, RunFolder
from bigmodel_cli.scoring.names import measures
from bigmodel_cli.stopped import read_stopped
from bigmodel_cli.tasks.advice import advise
from bigmodel_cli.tasks.figures import Figures
from bigmodel_cli.tasks.sections import Section, Sections, headlines_of, shown, titled
from bigmodel_cli.tasks.task import Task

# What a run's record has versions of that pip does not install by that name.
_NO_PACKAGES = ("python", "bigmodel")

# Parts of the page that not every run has, behind its scores, and what the menu calls them.
_OPTIONAL = (
    ("groups", "Groups"),
    ("baselines", "Baselines"),
    ("importance", "Columns"),
    ("compressed", "Compression"),
    ("texts", "Texts"),
    ("exports", "Exports"),
)


def page_content(reported: Reported) -> dict[str, Any]:
    """The page's parts by the names that its template uses."""
    findings = reported.findings
    record, evaluation = findings.record, findings.evaluation
    previous = _previous_metrics(reported.previous, evaluation["split"])
    targets = findings.signature.targets
    told = of_targets(reported.run, evaluation, reported.samples, targets)
    # The same wherever the folder is.
    title = "/".join(reported.run.path.resolve().parts[-2:])
    evaluated = evaluated_content(evaluation, told, targets, previous)
    content = {
        "run": {
            "title": title,
            "name": record.get("name"),
            "started": str(record.get("started", ""))[:16].replace("T", " "),
            "version": record.get("versions", {}).get("bigmodel"),
            "refresh": f"bigmodel report {title}",
        },
        **evaluated,
        "of_task": [
            *evaluated["of_task"],
            *label_problem_sections(reported.label_problems, targets),
        ],
        "chosen": _chosen(record, evaluation["split"]),
        "gates": [{**gate, "found": GateResult(**gate).found} for gate in record.get("gates", [])],
        "facts": list(_facts(record)),
        "advice": advise(findings),
        "figures": _figures(findings),
        "folds": None,
        "baselines": baselines_content(reported.baselines, told),
        "importance": importance_content(reported.importance),
        "compressed": compressed_content(record.get(COMPRESSED)),
        "exports": exports_content(reported.exports),
        "texts": _texts(reported.run),
        "training_samples": _training_samples(reported.run),
        "previous": reported.previous.path.name if reported.previous else None,
        "differences": _differences(reported),
        "config": _config_texts(reported.run),
        "reproduce": _reproduce(record),
        "environment": list(_environment(record)),
    }
    content["sections"] = list(menu_of(content))
    return content


def _chosen(record: Mapping[str, Any], split: str) -> str:
    """What the best trial of a search has to say of that; empty for other runs."""
    chosen = record.get(CHOSEN)
    sentence = chosen_sentence(chosen, split) if chosen else ""
    return sentence and f"{sentence[0].upper()}{sentence[1:]}."


def evaluated_content(
    evaluation: Mapping[str, Any],
    told: Sequence[OfTarget],
    targets: Mapping[str, Task],
    previous: Mapping[str, float],
) -> dict[str, Any]:
    """The parts of a page that say how good predictions are.

    Args:
        evaluation: As evaluation/<split>.json has it.
        told: The same by target, with predictions and samples.
        targets: What was evaluated.
        previous: What it is compared with, by the names of metrics; nothing where there is nothing.
    """
    return {
        "headlines": [_headline(evaluation, name, previous) for name in headlines_of(targets, evaluation)],
        "of_task": [section for of_one in told for section in _of_task(of_one)],
        "scores": [_scored(of_one, previous) for of_one in told],
        "has_previous": bool(previous),
        "groups": [group for of_one in told for group in _groups(of_one)],
    }


def menu_of(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the page's own menu leads to."""
    if content["folds"]:
        yield "folds", "Folds"
    if content["advice"]:
        yield "advice", "What to try"
    if "curves" in content["figures"]:
        yield "curves", "Curves"
    for section in content["of_task"]:
        yield section.id, section.menu
    yield "scores", "Scores"
    yield from ((name, menu) for name, menu in _OPTIONAL if content[name])
    yield "config", "Config"
    if content["reproduce"]:
        yield "reproduce", "Reproduce"


def _of_task(told: OfTarget) -> Iterator[Section]:
    """The parts of the page that a target has, under names of their own where there are several."""
    of_task = part_of(told.task, Sections)
    for section in of_task.sections(told.evaluation, told.samples):
        if not told.target:
            yield section
            continue
        menu, title = f"{told.target}: {section.menu}", f"{told.target}: {section.title}"
        yield section._replace(id=told.called(section.id), menu=menu, title=title)


def _groups(told: OfTarget) -> Iterator[dict[str, Any]]:
    """Scores of groups, under the target's name where there are several."""
    for group in groups_content(told.evaluation):
        yield {**group, "name": f"{group['name']}, {told.target}"} if told.target else group


def _scored(told: OfTarget, previous: Mapping[str, float]) -> dict[str, Any]:
    """The scores of a target with what they are drawn in."""
    of_task = part_of(told.task, Sections)
    before = {name: previous.get(named(told.target, name)) for name in of_task.scores(told.evaluation)}
    return {
        "target": told.target,
        "rows": _scores(of_task.scores(told.evaluation), told.evaluation["intervals"], before),
        "decision": of_task.decision(told.evaluation),
        "figures": [
            svg(plot.draw(), f"{told.target}: {plot.label}" if told.target else plot.label)
            for plot in part_of(told.task, Figures).plots(told.cells, told.evaluation, "predictions")
            if plot.label
        ],
    }


def _headline(evaluation: Mapping[str, Any], name: str, previous: Mapping[str, float]) -> dict[str, Any]:
    metrics = evaluation["metrics"]
    interval = intervals_in(evaluation).get(name)
    change = None
    if name in previous:
        better = metrics[name] - previous[name]
        better = better if direction(name) == "max" else -better
        kind = "good" if better > 0 else "bad" if better < 0 else "soft"
        change = {"kind": kind, "text": f"{shown(name, previous[name])} in the run before."}
    return {
        "name": titled(name),
        "value": shown(name, metrics[name]),
        "interval": f"{shown(name, interval['low'])} to {shown(name, interval['high'])}" if interval else "",
        "examples": f"{evaluation['examples']:,}",
        "where": f"of the {evaluation['split']} split",
        "change": change,
    }


def _facts(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    best, plan = record.get("best") or {}, record.get("plan", {})
    seconds = record.get("seconds", 0.0)
    if (adopted := record.get(ADOPTED)) is not None:
        yield "adopted from", f"{adopted['file']} (sha256 {adopted['sha256'][:12]}…), trained elsewhere"
    else:
        yield "epochs", f"{record.get('epochs')}, the best is {best.get('epoch')}"
    if (stopped := read_stopped(record.get(STOPPED))) is not None:
        yield "ended by", str(stopped)
    if (parent := record.get("parent")) is not None:
        yield "starts from", parent_sentence(parent)
    if (teacher := record.get(TEACHER)) is not None:
        yield "taught by", str(teacher["run"])
    yield "time", f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"
    yield "parameters", f"{record.get('parameters', 0):,}"
    yield "device", str(plan.get("device", {}).get("model"))
    yield "precision", str(plan.get("precision"))
    splits = record.get("data", {}).get("splits", {})
    yield "examples", ", ".join(f"{part['examples']:,} {name}" for name, part in splits.items())
    if skipped := sum(record.get("data", {}).get("skipped", {}).values()):
        yield "bad files left out", f"{skipped:,}"


def _figures(findings: Findings) -> dict[str, str]:
    columns, figures = findings.columns, {}
    if columns["epoch"]:
        figures["curves"] = svg(draw_curves(columns, findings.best_epoch), "learning curves")
        figures["speed"] = svg(draw_speed(columns), "speed and memory")
    if (test := findings.record.get(RATE_TEST)) is not None:
        figures["learning_rate_test"] = svg(draw_rate_test(test), "range test of the learning rate")
    return figures


def _scores(
    found: Mapping[str, float],
    intervals: Mapping[str, Mapping[str, float]],
    previous: Mapping[str, float | None],
) -> list[dict[str, str]]:
    """A row for each metric and score, with its interval and what it was in the run before."""
    rows = []
    for name, value in found.items():
        interval = intervals.get(name)
        between = f"{shown(name, interval['low'])} to {shown(name, interval['high'])}" if interval else ""
        old = previous.get(name)
        before = "" if old is None else shown(name, old)
        rows.append(
            {"name": titled(name), "value": shown(name, value), "interval": between, "previous": before}
        )
    return rows


def _previous_metrics(previous: RunFolder | None, split: str) -> dict[str, float]:
    """Metrics and scores of the run before on the same split; nothing where they cannot be had."""
    try:
        before = previous.read_json(previous.evaluation(split)) if previous else {}
    except DataError:
        return {}
    if "scores" in before or TARGETS in before:
        return measures(before)
    # Evaluations of the first version had metrics alone.
    return dict(before.get("metrics", {}))


def _differences(reported: Reported) -> list[dict[str, str]]:
    if reported.previous is None:
        return []
    try:
        record = reported.previous.read_record()
        before = yaml.safe_load(reported.previous.require(reported.previous.config).read_text("utf-8"))
    except (DataError, yaml.YAMLError):
        return []
    return [
        {"key": key, "before": _written(old), "after": _written(new)}
        for key, old, new in without_auto(
            differences(before, reported.findings.config), (record, reported.findings.record)
        )
    ]


def _written(value: Any) -> str:
    return "—" if value is None else to_flow(value)


def _config_texts(run: RunFolder) -> dict[str, str]:
    source = run.source_config
    return {
        "source": source.read_text("utf-8", "replace") if source.is_file() else "",
        "resolved": run.config.read_text("utf-8", "replace"),
    }


def _texts(run: RunFolder) -> list[dict[str, Any]]:
    """What a model of text wrote after each epoch, the last one first."""
    return run.read_json(run.texts)[::-1] if run.texts.is_file() else []


def _training_samples(run: RunFolder) -> str | None:
    path = run.plot("training_samples")
    return base64.b64encode(path.read_bytes()).decode("ascii") if path.is_file() else None


def _reproduce(record: Mapping[str, Any]) -> str:
    lines = [shlex.join(record.get("command", []))]
    lines += [
        "# or, with every default and every auto as they were:",
        "bigmodel train config.yaml  # in the run's folder",
    ]
    versions = record.get("versions", {})
    packages = " ".join(
        f"{name}=={version}" for name, version in versions.items() if name not in _NO_PACKAGES and version
    )
    installed = f"# bigmodel {versions.get('bigmodel')}, Python {versions.get('python')}, and"
    return "\n".join([installed, f"pip install {packages}", *lines])


def _environment(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "seed", str(record.get("seed"))
    for name, version in record.get("versions", {}).items():
        yield name, str(version)
    yield "platform", str(record.get("platform"))
    if record.get("git_commit"):
        yield "git commit", str(record["git_commit"])
    for name, part in record.get("data", {}).get("splits", {}).items():
        yield f"sha256 of {name}", str(part["sha256"])
    for number, session in enumerate(record.get("sessions", []), start=1):
        spent = ", ".join(f"{name} {value:.1f} s" for name, value in session.get("seconds", {}).items())
        yield f"time of session {number}", spent
