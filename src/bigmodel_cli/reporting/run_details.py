"""Everything that a run's folder tells of it, gathered from its small files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from bigmodel_cli.config.dump import plain
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import DataError
from bigmodel_cli.reporting.comparison import data_facts, split_numbers
from bigmodel_cli.reporting.run_summary import DAMAGED, SPLITS, RunSummary, read_settings
from bigmodel_cli.run_files import all_files
from bigmodel_cli.run_folder import CHOSEN, LITERT, SESSIONS, WEIGHTS_REMOVED, RunFolder
from bigmodel_cli.whole_files import read_sealed

_CHECKPOINT_KEYS = ("epoch", "step", "monitor", "value")
_SESSION_KEYS = ("status", "started", "ended", "from", "overrides", "host", "git_commit", "seconds")


def details(summary: RunSummary) -> dict[str, Any]:
    """What `runs show` has of a run, as plain data.

    Returns:
        As docs/run-folder.md describes it. What is missing or damaged is named in `problems`, and the rest
        is there all the same.
    """
    run, record = summary.run, summary.record
    problems: list[str] = [summary.problem] if summary.problem else []
    document = {
        **summary.as_json(),
        "run": str(run.path),
        "time": _time(record),
        "sessions": [_session(session) for session in record.get(SESSIONS, [])],
        "plan": record.get("plan"),
        "versions": record.get("versions"),
        "git_commit": record.get("git_commit"),
        "data": {
            **record.get("data", {}),
            "classes": data_facts(summary)["classes"],
            "signature": record.get("signature") or {},
        },
        "parameters": record.get("parameters"),
        "config": _config(run, record, problems),
        "results": _results(summary, problems),
        "checkpoints": list(_checkpoints(run, problems)),
        "parent": record.get("parent"),
        CHOSEN: record.get(CHOSEN),
        WEIGHTS_REMOVED: record.get(WEIGHTS_REMOVED),
        LITERT: record.get(LITERT) if summary.is_complete else None,
        "decision": _decision(run, problems),
        "files": _files(run),
        "problems": problems,
    }
    if summary.status == DAMAGED:
        return {key: document[key] for key in ("run", "status", "checkpoints", "files", "problems")}
    return document


def _session(session: Mapping[str, Any]) -> dict[str, Any]:
    return {key: session[key] for key in _SESSION_KEYS if session.get(key) is not None}


def _time(record: Mapping[str, Any]) -> dict[str, float]:
    """Seconds by phase over all sessions, the longest first."""
    found: dict[str, float] = {}
    for session in record.get(SESSIONS, []):
        for phase, seconds in (session.get("seconds") or {}).items():
            found[phase] = round(found.get(phase, 0.0) + seconds, 3)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _config(run: RunFolder, record: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    try:
        changed = list(differences_from_defaults(read_settings(run)))
    except DataError as error:
        problems.append(error.message)
        changed = []
    return {
        "file": record.get("config"),
        "overrides": record.get("overrides", []),
        "not_default": [{"key": key, "value": value, "default": default} for key, value, default in changed],
    }


def differences_from_defaults(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """The keys of a resolved config that have another value than where nothing is written.

    Keys without a default (the model, the loss) are left out, and so is what an `auto` became, which the
    plan, the splits and the checkpoints tell.
    """
    yield from _not_default(Experiment, settings, "")


def _not_default(
    section: type[BaseModel], settings: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, Any, Any]]:
    for name, field in section.model_fields.items():
        value, default = settings.get(name), field.default
        inner = default if isinstance(default, BaseModel) else None
        kind = type(inner) if inner is not None else field.annotation
        if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _not_default(kind, value, f"{prefix}{name}.")
        elif name in settings and default is not PydanticUndefined and name != "name":
            default = plain(default)
            if default not in ("auto", value):
                yield f"{prefix}{name}", value, default


def _results(summary: RunSummary, problems: list[str]) -> dict[str, Any]:
    """Metrics of the best checkpoint by split, each with its 95 % interval where it is known."""
    found = {}
    for split in SPLITS:
        numbers, intervals = split_numbers(summary, split, problems)
        if numbers:
            found[split] = {
                name: {"value": value, **_ends(intervals.get(name))} for name, value in numbers.items()
            }
    return found


def _ends(interval: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"low": interval["low"], "high": interval["high"]} if interval else {}


def _checkpoints(run: RunFolder, problems: list[str]) -> Iterator[dict[str, Any]]:
    """What is known of each; `runs verify` compares their content, which takes reading all of it."""
    for name in run.checkpoint_names():
        try:
            entry = read_sealed(run.require(run.checkpoint_state(name)))
        except DataError as error:
            problems.append(error.message)
            entry = {}
        known = {key: value for key, value in entry.items() if key in _CHECKPOINT_KEYS}
        yield {"name": name, **known, "bytes": run.checkpoint(name).stat().st_size}


def _decision(run: RunFolder, problems: list[str]) -> dict[str, Any] | None:
    if not run.decision.is_file():
        return None
    try:
        rule: dict[str, Any] = run.read_json(run.intact(run.decision))
    except DataError as error:
        problems.append(error.message)
        return None
    return rule


def _files(run: RunFolder) -> dict[str, int]:
    own = [*all_files(run), *run.checkpoints.glob("[!.]*"), run.record]
    sizes = [path.stat().st_size for path in own if path.is_file()]
    return {"count": len(sizes), "bytes": sum(sizes)}
