"""MLflow: a server, or a store in one SQLite file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from bigmodel_cli.tracking.reachable import Address, address_of
from bigmodel_cli.tracking.tracker import Facts, Ids, Parent, Point, Tracker, TrackerOptions
from bigmodel_cli.whole_files import temporary_beside

_URI_VARIABLE = "MLFLOW_TRACKING_URI"
_DEFAULT_URI = "sqlite:///mlflow.db"
_SQLITE = "sqlite:///"
# By which a run is found whose id could not be kept.
_RUN_TAG, _TOGETHER_TAG = "bigmodel.run", "bigmodel.parent"
_PARENT_TAG = "mlflow.parentRunId"
# What a server takes at once, and in one value (mlflow.utils.validation).
_METRICS_AT_ONCE, _ENTITIES_AT_ONCE = 1000, 100
_LONGEST_KEY, _LONGEST_VALUE = 250, 5000
_REFUSED = re.compile(r"[^/\w.\- :]")
_STATUS = {"completed": "FINISHED", "interrupted": "KILLED"}
# Set where the environment does not: one try of some seconds, and nobody is told of it.
_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


class Mlflow(TrackerOptions):
    """Follows runs in MLflow (extra `mlflow`): parameters, metrics, files; trials under their search."""

    tracker_name: ClassVar[str] = "mlflow"
    example: ClassVar[str] = "track: [{mlflow: {uri: http://localhost:5000, experiment: digits}}]"
    package: ClassVar[str] = "mlflow"
    extra: ClassVar[str] = "mlflow"

    uri: str | None = Field(
        None,
        min_length=1,
        description="Where: a server's address, or `sqlite:///mlflow.db`; null: the environment's "
        f"{_URI_VARIABLE}, else `{_DEFAULT_URI}` in the current folder.",
    )
    experiment: str | None = Field(
        None,
        min_length=1,
        description="The experiment, made where it is new; null: the config's `name`.",
    )
    checkpoint: bool = Field(False, description="Send the best checkpoint and the exported model too.")

    @field_validator("uri")
    @classmethod
    def _uri(cls, value: str | None) -> str | None:
        if value is not None and _is_folder(value):
            raise ValueError(
                f"expected a server's address or {_DEFAULT_URI}, found {value!r}: MLflow keeps no new runs "
                "in folders of files"
            )
        return value

    @property
    def wants_checkpoint(self) -> bool:
        return self.checkpoint

    @property
    def asked_uri(self) -> str | None:
        """What the config or the environment names."""
        return self.uri or os.environ.get(_URI_VARIABLE) or None

    @property
    def address(self) -> Address | None:
        return address_of(self.asked_uri or _DEFAULT_URI)

    def offline(self) -> Mlflow | None:
        return self if (self.asked_uri or _DEFAULT_URI).startswith(_SQLITE) else None

    def open(self, folder: Path) -> Tracker:
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        return _Run(self)


class _Run:
    def __init__(self, options: Mlflow) -> None:
        self._options = options
        self._client: Any = None
        self._id = ""
        self._arrived: dict[str, set[int]] = {}

    def start(self, facts: Facts, ids: Ids) -> Ids:
        from mlflow import MlflowClient

        # Where nobody names a place, a run goes on where it is.
        uri = _whole(self._options.asked_uri or ids.get("uri") or _DEFAULT_URI)
        _make_store(uri)
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        experiment = self._experiment(self._options.experiment or facts.experiment, uri)
        self._id = self._known(ids, uri, experiment) or self._found(experiment, _RUN_TAG, facts.id) or ""
        if not self._id:
            self._id = self._create(experiment, facts)
        run = self._client.get_run(self._id)
        if run.info.status != "RUNNING":
            self._client.update_run(self._id, status="RUNNING")
        self._describe(facts, run.data.params)
        return {"uri": uri, "experiment": experiment, "run": self._id}

    def _experiment(self, name: str, uri: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        # Else files would go below whatever folder the command was typed in.
        place = None
        if uri.startswith(_SQLITE):
            place = (Path(uri.removeprefix(_SQLITE)).parent / "mlartifacts" / _key(name)).as_uri()
        from mlflow.exceptions import MlflowException

        try:
            return str(self._client.create_experiment(name, artifact_location=place))
        except MlflowException:
            # Another run was quicker.
            found = self._client.get_experiment_by_name(name)
            if found is None:
                raise
            return str(found.experiment_id)

    def _known(self, ids: Ids, uri: str, experiment: str) -> str | None:
        """The run that was noted, if it is still there."""
        from mlflow.exceptions import MlflowException

        if (ids.get("uri"), ids.get("experiment")) != (uri, experiment):
            return None
        try:
            run = self._client.get_run(ids["run"])
        except MlflowException:
            return None
        return ids["run"] if run.info.lifecycle_stage == "active" else None

    def _found(self, experiment: str, tag: str, value: str) -> str | None:
        runs = self._client.search_runs(
            [experiment], filter_string=f"tags.`{tag}` = '{value}'", max_results=1
        )
        return str(runs[0].info.run_id) if runs else None

    def _create(self, experiment: str, facts: Facts) -> str:
        tags = {_RUN_TAG: facts.id}
        if facts.parent is not None:
            tags[_PARENT_TAG] = self._parent(experiment, facts.parent)
        started = round(facts.started * 1000)
        run = self._client.create_run(experiment, start_time=started, tags=tags, run_name=facts.name)
        return str(run.info.run_id)

    def _parent(self, experiment: str, parent: Parent) -> str:
        """The run that stands for a search; those that train side by side make one together."""
        import filelock

        with filelock.FileLock(parent.folder / ".tracking_parent.lock"):
            found = self._found(experiment, _TOGETHER_TAG, parent.id)
            if found is None:
                tags = {_TOGETHER_TAG: parent.id}
                run = self._client.create_run(experiment, tags=tags, run_name=parent.name)
                found = str(run.info.run_id)
                # Nobody who would end it is there at the end; its runs say whether they run.
                self._client.set_terminated(found, "FINISHED")
            return found

    def _describe(self, facts: Facts, had: Mapping[str, str]) -> None:
        from mlflow.entities import Param, RunTag

        parameters = _distinct(facts.parameters)
        new = [Param(key, value) for key, value in parameters.items() if key not in had]
        for some in _pieces(new, _ENTITIES_AT_ONCE):
            self._client.log_batch(self._id, params=some)
        # A parameter cannot change in MLflow.
        changed = {key: value for key, value in parameters.items() if had.get(key, value) != value}
        tags = [RunTag(key, value) for key, value in _distinct({**facts.tags, **changed}).items()]
        for some in _pieces(tags, _ENTITIES_AT_ONCE):
            self._client.log_batch(self._id, tags=some)

    def has(self, name: str, step: int) -> bool:
        if name not in self._arrived:
            history = self._client.get_metric_history(self._id, _key(name))
            self._arrived[name] = {metric.step for metric in history}
        return step in self._arrived[name]

    def metrics(self, points: Sequence[Point]) -> None:
        from mlflow.entities import Metric

        metrics = [
            Metric(_key(name), value, round(point.time * 1000), point.step)
            for point in points
            for name, value in point.values.items()
        ]
        for some in _pieces(metrics, _METRICS_AT_ONCE):
            self._client.log_batch(self._id, metrics=some)

    def results(self, point: Point) -> None:
        new = {name: value for name, value in point.values.items() if not self.has(name, point.step)}
        self.metrics([replace(point, values=new)])

    def file(self, name: str, path: Path) -> None:
        self._client.log_artifact(self._id, str(path), name.rpartition("/")[0] or None)

    def end(self, status: str) -> str | None:
        self._client.set_terminated(self._id, _STATUS.get(status, "FAILED"))
        return None


def _pieces(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _is_folder(uri: str) -> bool:
    is_named = "://" in uri or uri.partition(":")[0] in ("databricks", "uc", "databricks-uc")
    return uri.startswith("file:") or not is_named


def _whole(uri: str) -> str:
    """An address that means the same in another folder."""
    if not uri.startswith(_SQLITE):
        return uri
    return f"{_SQLITE}{Path(uri.removeprefix(_SQLITE)).expanduser().resolve()}"


def _make_store(uri: str) -> None:
    """Make a store in an SQLite file that is not there yet, whole or not at all.

    It has many tables, and one that a kill has left half made MLflow neither opens nor makes anew.
    """
    path = Path(uri.removeprefix(_SQLITE))
    if not uri.startswith(_SQLITE) or path.exists():
        return
    from mlflow import MlflowClient

    aside = temporary_beside(path)
    place = f"{_SQLITE}{aside}"
    try:
        MlflowClient(tracking_uri=place, registry_uri=place).search_experiments(max_results=1)
        # Another process may have made one meanwhile, which has runs already. Where there are no links,
        # MLflow makes its own.
        with suppress(OSError):
            path.hardlink_to(aside)
    finally:
        aside.unlink(missing_ok=True)


def _key(name: str) -> str:
    """A name as MLflow takes it."""
    return _REFUSED.sub("_", name)[:_LONGEST_KEY]


def _distinct(values: Mapping[str, str]) -> dict[str, str]:
    """Keys and values as MLflow takes them; keys that would become the same are told apart."""
    found: dict[str, str] = {}
    for name, value in values.items():
        key, number = _key(name), 2
        while key in found:
            key, number = f"{_key(name)[: _LONGEST_KEY - 4]}_{number}", number + 1
        found[key] = value[:_LONGEST_VALUE]
    return found
