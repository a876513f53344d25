"""What run.json says of a run: where, when, with what, on which data."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from bigmodel_cli import __version__
from bigmodel_cli.cluster.launched import launch_of
from bigmodel_cli.config.dump import plain
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.own_code.files import Code
from bigmodel_cli.inference.trained_on import note_trained_on
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_files import all_files, damaged_files, list_files
from bigmodel_cli.run_folder import (
    AUTO,
    FILES,
    RATE_TEST,
    RUN_ID,
    RUNNING,
    SCHEMA_VERSION,
    SESSIONS,
    STOPPED,
    TRAINED_CONFIG,
    RunFolder,
    labels_hash,
    update_record,
)
from bigmodel_cli.run_lock import CRASHED
from bigmodel_cli.signature import Signature, signature_as_json
from bigmodel_cli.training.from_file import FileTransfer
from bigmodel_cli.training.plan import ExecutionPlan
from bigmodel_cli.training.prepared import Prepared
from bigmodel_cli.training.settled import Settled
from bigmodel_cli.training.state import Moment
from bigmodel_cli.training.teaching import teacher_record
from bigmodel_cli.training.transfer import Transfer
from bigmodel_cli.whole_files import sha256_of, write_json, write_text, write_whole

# The key of run.json with the sha256 of files found damaged: they count as such until they are written anew.
_DAMAGED = "damaged"
# The key of a session with the name of the launch that it belongs to.
LAUNCH_KEY = "launch"
_PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "numpy", "scikit-learn", "pillow", "ai-edge-litert")


def environment() -> dict[str, Any]:
    """Versions and the machine."""
    versions = {"bigmodel": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "versions": versions,
        "platform": platform.platform(),
        "host": platform.node(),
        "process": os.getpid(),
        "git_commit": git_commit(),
    }


def git_commit() -> str | None:
    """The commit of the current folder's checkout, `-dirty` where it has changes; None outside of one."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None


def data_record(splits: Splits) -> dict[str, Any]:
    """Sizes, origins and fingerprints of the splits, and the signature of their examples."""
    return {
        "data": {
            "splits": {
                name: {
                    "examples": len(part),
                    "origin": splits.origins[name],
                    "sha256": part.fingerprint(),
                }
                for name, part in splits.parts.items()
            },
            "skipped": dict(splits.num_skipped),
        },
        "labels_sha256": labels_hash(splits.signature.label_names),
    }


def write_start(
    run: RunFolder, prepared: Prepared, config: LoadedConfig, transfer: Transfer | FileTransfer | None
) -> None:
    """Write what a new run begins with; run.json comes last, and makes the folder a run."""
    write_text(run.source_config, config.path.read_text("utf-8-sig"))
    keep_copies(run, config.code)
    parent = None if transfer is None else transfer.run
    note_trained_on(run, prepared.splits.train, parent, has_files=prepared.settled.has_files)
    begin_session(
        run,
        prepared,
        reached=str(Moment()),
        overrides=config.overrides,
        changes={
            **first_facts(prepared, config, config.path),
            AUTO: list(_auto_keys(plain(config.experiment), ())),
            "parent": None if transfer is None else transfer.as_json(),
            **({} if prepared.rate_test is None else {RATE_TEST: prepared.rate_test.as_json()}),
            **teacher_record(config.experiment),
            **data_record(prepared.splits),
        },
    )


def first_facts(begun: Begun, config: LoadedConfig, path: Path) -> dict[str, Any]:
    """What run.json has of any new run, wherever its model is from.

    Args:
        begun: What it begins with.
        config: As it was read.
        path: The file that the config is said to be in.
    """
    return {
        RUN_ID: uuid.uuid4().hex,
        **begun.settled.facts,
        "config": str(path),
        "overrides": list(config.overrides),
        "command": command_line(),
        "parameters": begun.built.model.count_params(),
    }


def keep_files(run: RunFolder, signature: Signature, tables: Mapping[str, Path]) -> list[Path]:
    """Keep in a run what its examples are read by: tokenizers, and tables that are joined to rows."""
    for name, content in signature.files.items():
        write_text(run.path / name, content)
    for name, path in tables.items():
        write_whole(run.path / name, partial(shutil.copyfile, path))
    return [run.path / name for name in (*signature.files, *tables)]


def keep_copies(run: RunFolder, code: Code) -> None:
    """Keep in a run what its user's own code says, as it runs."""
    for file in code.files:
        write_text(run.code / file.named.name, file.text)


def _auto_keys(value: Any, keys: tuple[str, ...]) -> Iterator[str]:
    """The dotted keys of a config that leave it to us what they are."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _auto_keys(inner, (*keys, key))
    elif value == "auto":
        yield ".".join(keys)


class Begun(Protocol):
    """What a session begins with, be it trained or not."""

    @property
    def settled(self) -> Settled:
        """The config with every `auto` decided."""

    @property
    def splits(self) -> Splits:
        """Its data."""

    @property
    def plan(self) -> ExecutionPlan:
        """How it is executed."""

    @property
    def built(self) -> BuiltModel:
        """The model."""


def begin_session(
    run: RunFolder,
    prepared: Begun,
    *,
    reached: str,
    overrides: Sequence[str],
    changes: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Put a new session into run.json; one before it whose process went away without a word has crashed.

    Args:
        run: Whose record.
        prepared: What trains from now on.
        reached: What the session goes on from, in words.
        overrides: Words of the command line.
        changes: What else is new.
    """
    record = run.read_record() if run.record.exists() else {}
    sessions = [{"status": CRASHED, **session} for session in record.get(SESSIONS, [])]
    started, machine = now(), environment()
    session = {
        "started": started,
        "command": command_line(),
        "overrides": list(overrides),
        "from": reached,
        LAUNCH_KEY: launch_of(os.environ),
        **{key: machine[key] for key in ("host", "process", "versions", "git_commit")},
    }
    files, damaged = _put_aside(run, record) if record else ({}, {})
    write_text(run.config, prepared.settled.text)
    write_json(run.labels, prepared.splits.signature.label_names)
    kept = keep_files(run, prepared.splits.signature, prepared.settled.tables_beside)
    whole = (run.config, run.labels, run.source_config, run.trained_on, *kept, *sorted(run.code.glob("*.py")))
    update_record(
        run,
        {
            "status": RUNNING,
            "started": record.get("started", started),
            "ended": None,
            "error": None,
            STOPPED: None,
            "plan": prepared.plan.as_json(),
            "schema_version": SCHEMA_VERSION,
            "signature": signature_as_json(prepared.splits.signature),
            **changes,
            **machine,
            SESSIONS: [*sessions, session],
            FILES: {**list_files(run, (path for path in whole if path.exists())), **files},
            TRAINED_CONFIG: sha256_of(run.config),
            _DAMAGED: damaged,
            "checkpoints": [],
        },
    )


def _put_aside(run: RunFolder, record: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str | None]]:
    """Make way for what a session writes; entry and sha256 of damaged files that it may not write.

    A process that ends in between leaves a config that nothing speaks against, and nothing for `predict` that
    is of an earlier best.
    """
    stale = (run.litert_model, run.front, run.decision, run.quantization, run.report)
    written = {run.inside(path) for path in (run.config, run.labels, run.metrics, run.log, *stale)}
    damaged = {name: digest for name, digest in damaged_files(run).items() if name not in written}
    files = {name: entry for name, entry in record.get(FILES, {}).items() if name not in written}
    update_record(run, {FILES: files, TRAINED_CONFIG: None})
    for path in stale:
        path.unlink(missing_ok=True)
    return {name: record[FILES][name] for name in damaged}, damaged


def end_session(
    run: RunFolder,
    status: str,
    seconds: float,
    changes: Mapping[str, Any],
    phases: Mapping[str, float],
    skipped: SkippedFiles | None = None,
) -> None:
    """Note in run.json how a session ended, and what the run's files are now.

    Args:
        run: Whose record.
        status: completed, interrupted or failed.
        seconds: Of the whole run so far.
        changes: What else is known.
        phases: Where the session's time went, in seconds.
        skipped: Training files that turned out to be bad.
    """
    record = run.read_record()
    sessions, data = record[SESSIONS], record["data"]
    if skipped:
        # Each session that sees all files counts the same ones again.
        counts = data.setdefault("skipped", {})
        counts["training"] = max(counts.get("training", 0), len(skipped))
    files = list_files(run, all_files(run))
    damaged = {
        name: digest
        for name, digest in record.get(_DAMAGED, {}).items()
        if files.get(name, {}).get("sha256") == digest
    }
    ended = now()
    sessions[-1] |= {"status": status, "ended": ended, "seconds": dict(phases)}
    update_record(
        run,
        {
            "status": status,
            "ended": ended,
            "seconds": round(seconds, 3),
            "data": data,
            **changes,
            SESSIONS: sessions,
            FILES: {**files, **{name: record[FILES][name] for name in damaged}},
            _DAMAGED: damaged,
            "checkpoints": run.checkpoint_names(),
        },
    )


def now() -> str:
    """The time in ISO 8601 with the offset of the local zone."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def command_line() -> list[str]:
    return ["bigmodel", *sys.argv[1:]]
