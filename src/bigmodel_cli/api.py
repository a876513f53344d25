"""From Python and notebooks: what the commands do, as a class and two functions."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bigmodel_cli.errors import UsageError
from bigmodel_cli.listener import Listener, Silent
from bigmodel_cli.runs_dir import default_runs_dir

if TYPE_CHECKING:
    import keras
    import numpy as np
    from matplotlib.figure import Figure

    from bigmodel_cli.inference.engines import Engine, EngineName
    from bigmodel_cli.inference.inputs import Inputs
    from bigmodel_cli.inference.opened import OpenRun
    from bigmodel_cli.kinds.inputs import Rows
    from bigmodel_cli.recommending.catalogue import Catalogue

Progress = Literal["auto", "plain", "none"]
_ALL = 1000


def train(
    config: str | Path,
    overrides: Mapping[str, Any] | None = None,
    *,
    start_from: str | Path | Run | None = None,
    runs_dir: str | Path | None = None,
    offline: bool = False,
    progress: Progress = "auto",
) -> Run:
    """Train the model of a config, as `bigmodel train` does.

    Args:
        config: The YAML file.
        overrides: Values by dotted keys, as plain data: `{"training.epochs": 3}`.
        start_from: A run whose weights are taken, as `--from` names it.
        runs_dir: Where runs are kept; None: `$BIGMODEL_RUNS`, else `runs`.
        offline: No download may be made.
        progress: `auto` shows what goes on, live on a terminal; `plain` in lines; `none` warnings alone.

    Returns:
        The complete run.

    Raises:
        UsageError: If the config is wrong; its message has every problem with its line.
        DataError: If the data is wrong or missing.
        ResourceError: If memory or disk run out, or training diverges.
    """
    from bigmodel_cli.config.dump import to_flow
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.network import downloads
    from bigmodel_cli.new_run import NewRun
    from bigmodel_cli.training.train import How
    from bigmodel_cli.training.train import train as train_run
    from bigmodel_cli.training.transfer import Parent

    words = [f"{key}={to_flow(value)}" for key, value in (overrides or {}).items()]
    folder = _runs_dir(runs_dir)
    loaded = read_config(Path(config), words, gets_weights=start_from is not None, runs_dir=folder)
    parent = None
    if start_from is not None:
        source = start_from if isinstance(start_from, Run) else load(start_from, runs_dir=folder)
        parent = Parent(source.opened.folder, source._trust)
    new = NewRun(folder, loaded.experiment.name)
    with downloads(allowed=not offline), _listening(progress) as listener:
        for warning in loaded.warnings:
            listener.warn(str(warning))
        result = train_run(loaded, new, [listener], parent=parent, how=How(offline=offline))
    assert result is not None, "there is one process"
    return Run(result.run.path)


def load(run: str | Path | None = None, *, runs_dir: str | Path | None = None, trust: bool = False) -> Run:
    """A run that is there.

    Args:
        run: Its folder, or a name for its newest completed run; None: the newest of all.
        runs_dir: Where runs are kept; None: `$BIGMODEL_RUNS`, else `runs`.
        trust: Whether its model is loaded though that can run code: of a Lambda layer, of classes of others,
            of Python of your own that is not what the run's config names any more.

    Raises:
        UsageError: If there is none.
        DataError: If a piece of it is missing or damaged.
    """
    from bigmodel_cli.run_search import find_run

    return Run(find_run(None if run is None else str(run), _runs_dir(runs_dir)).path, trust=trust)


class Run:
    """A run: a folder with a trained model, and what is known of it.

    Args:
        path: The folder.
        trust: As for `load`.

    Raises:
        DataError: If a piece of it is missing or damaged.
    """

    def __init__(self, path: str | Path, *, trust: bool = False) -> None:
        from bigmodel_cli.inference.opened import open_folder
        from bigmodel_cli.run_folder import RunFolder

        self.opened: OpenRun = open_folder(RunFolder(Path(path)))
        self._engines: dict[str, Engine] = {}
        self._trust = trust

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.opened.folder.path

    @property
    def record(self) -> dict[str, Any]:
        """What run.json says."""
        return self.opened.record

    @property
    def config(self) -> dict[str, Any]:
        """Its config with every default and every `auto` pinned, as plain data."""
        import yaml

        folder = self.opened.folder
        found: dict[str, Any] = yaml.safe_load(folder.intact(folder.config).read_text("utf-8"))
        return found

    @property
    def metrics(self) -> Mapping[str, Sequence[float]]:
        """Of each epoch, by the columns of metrics.csv: `metrics["val_accuracy"][-1]`."""
        from bigmodel_cli.metrics_file import read_metrics

        return read_metrics(self.opened.folder.metrics)

    @property
    def evaluation(self) -> dict[str, Any]:
        """How good its best model is on held-out data, as evaluation/<split>.json has it.

        Raises:
            DataError: If it was not evaluated.
        """
        from bigmodel_cli.inference.run_data import held_out_split

        folder = self.opened.folder
        split = held_out_split(self.record.get("data", {}).get("splits", {}))
        found: dict[str, Any] = folder.read_json(folder.intact(folder.evaluation(split)))
        return found

    @cached_property
    def model(self) -> keras.Model:
        """The best epoch's model, which takes raw features; in float32, not compiled."""
        from bigmodel_cli.inference.loading import load_for_inference
        from bigmodel_cli.modeling.backend import import_tensorflow
        from bigmodel_cli.run_folder import BEST

        import_tensorflow()
        return load_for_inference(self.opened.folder, BEST, trust=self._trust)

    @property
    def report(self) -> Path:
        """Its page."""
        return self.opened.folder.require(self.opened.folder.report)

    def plots(self) -> dict[str, Figure]:
        """What was drawn of it, by the names of plots/*.png."""
        from bigmodel_cli.reporting.plots import figures_of_run

        best = (self.record.get("best") or {}).get("epoch")
        return figures_of_run(self.opened.folder, self.evaluation, self.opened.signature.targets, best)

    def evaluate(
        self,
        data: str | Path | None = None,
        *,
        split: Literal["train", "validation", "test"] | None = None,
        by: Sequence[str] = (),
        progress: Progress = "none",
    ) -> dict[str, Any]:
        """Evaluate its best model on a split of its data, or on other data, as `bigmodel evaluate` does.

        Args:
            data: A folder or a file of examples, or a config; None: its own data.
            split: Which; None: test, or validation where there is no test split.
            by: Columns that make groups, whose scores are asked for.
            progress: As for `train`.

        Returns:
            Metrics, scores, intervals, what is known of classes, as evaluation/<split>.json has them.

        Raises:
            UsageError: If there is no such split.
            DataError: If the data is not there, or not what the model was trained with.
        """
        from bigmodel_cli.inference.evaluate import Request, evaluate_run
        from bigmodel_cli.tasks.scores import OtherData

        other = None if data is None else OtherData(Path(data), {})
        with _listening(progress) as listener:
            request = Request(split, other=other, by=by, trust=self._trust)
            return evaluate_run(self.opened, request, listener).document

    def predict(
        self,
        what: str | Path | np.ndarray | Mapping[str, Any] | Sequence[Any] | Any,
        *,
        engine: Literal["auto"] | EngineName = "auto",
        top: int = _ALL,
    ) -> list[dict[str, Any]]:
        """Predict examples, as `bigmodel predict` does.

        Args:
            what: A path of a file, a folder or a pattern, or several; an array of shape (n, …), or of one
                example; of a model of rows a mapping from columns to values, a list of such, or a DataFrame.
            engine: What computes; `auto` takes LiteRT where the run has its model.
            top: How many classes are told of each.

        Returns:
            Of each example what `predict --json` says of it; `error` where it could not be read.

        Raises:
            UsageError, DataError: If it is nothing that the model takes.
        """
        from bigmodel_cli.inference.engines import open_engine
        from bigmodel_cli.inference.familiar import read_familiar
        from bigmodel_cli.inference.predict import predict

        quiet = Silent()
        if engine not in self._engines:
            self._engines[engine] = open_engine(
                self.opened.folder, engine, warn=quiet.warn, trust=self._trust
            ).engine
        familiar = read_familiar(self.opened.folder, self.opened.signature, quiet.warn)
        with (
            self._inputs(what) as inputs,
            closing(predict(self.opened, self._engines[engine], inputs, familiar=familiar)) as predictions,
        ):
            return [prediction.as_json(top) for prediction in predictions]

    def recommend(
        self,
        users: str | Sequence[str] = (),
        *,
        similar_to: str | None = None,
        new_user: Sequence[str] | None = None,
        top: int = 10,
        where: str | Sequence[str] = (),
        include_seen: bool | None = None,
        items: Any = None,
    ) -> list[dict[str, Any]]:
        """Recommend items, as `bigmodel recommend` does; give one of the first three.

        Args:
            users: Names of users, or of one.
            similar_to: An item, instead of which others are recommended.
            new_user: Items that somebody had who is not in training, the latest last.
            top: How many items for each.
            where: Conditions that they fulfil, or one, such as `genres=Drama` or `year>=2010`.
            include_seen: Whether what a user had in training is recommended, too; None: as the target's
                `seen` says.
            items: Items that came after training, with the columns that the model takes of items: the file of
                a table, or rows as mappings or as a DataFrame.

        Returns:
            Of each user, or of the one item, what `recommend --why --json` says.

        Raises:
            UsageError: If the run recommends nothing, a condition is none, a name is no text, or not one
                thing is asked.
            DataError: If the table of items is none, or the model takes none of its columns.
        """
        from bigmodel_cli.inference.new_users import newcomer_of
        from bigmodel_cli.recommending.catalogue import catalogue_of
        from bigmodel_cli.recommending.recommend import Recommender, Wish

        users = [users] if isinstance(users, str) else users
        where = [where] if isinstance(where, str) else where
        for what, names in (("users", users), ("new_user", new_user or ()), ("where", where)):
            _require_texts(what, names)
        _require_texts("similar_to", [] if similar_to is None else [similar_to])
        if not isinstance(top, int) or top < 1:
            raise UsageError(f"top: expected how many items, found {top!r}")
        if (len(users) > 0) + (similar_to is not None) + (new_user is not None) != 1:
            raise UsageError("expected one of users, similar_to and new_user")
        newcomer = None if new_user is None else newcomer_of(self.opened.folder, trust=self._trust)
        leaves_out = None if include_seen is None else not include_seen
        wish = Wish(top, leaves_out, where, tells_why=True, newcomer=newcomer)
        catalogue = catalogue_of(self.opened.folder)
        if items is not None:
            catalogue = self._with_items(catalogue, items)
        asked = Recommender(catalogue, wish).asked_for(users, similar_to, new_user)
        return [answer.as_json() for answer in asked]

    def _with_items(self, catalogue: Catalogue, items: Any) -> Catalogue:
        from bigmodel_cli.inference.new_items import item_side, with_new_items, with_new_rows

        def side() -> Any:
            return item_side(self.opened, trust=self._trust)

        if isinstance(items, str | Path):
            return with_new_items(self.opened, catalogue, Path(items), side).catalogue
        rows = [json.loads(json.dumps(row, default=_plain)) for row in _rows(items)]
        return with_new_rows(self.opened, catalogue, rows, side).catalogue

    @contextmanager
    def _inputs(self, what: Any) -> Iterator[Inputs | Rows]:
        if isinstance(what, str | Path):
            yield self._named([str(what)])
        elif self.opened.signature.kind.is_composed:
            rows = _rows(what)
            if rows and all(isinstance(row, str | Path) for row in rows):
                yield self._named(list(map(str, rows)))
                return
            with tempfile.TemporaryDirectory(prefix="bigmodel-") as folder:
                path = Path(folder) / "rows.jsonl"
                path.write_text("".join(f"{json.dumps(row, default=_plain)}\n" for row in rows), "utf-8")
                yield self._named([str(path)])
        elif isinstance(what, Sequence) and what and all(isinstance(one, str | Path) for one in what):
            yield self._named(list(map(str, what)))
        else:
            yield self._array(what)

    def _named(self, words: list[str]) -> Inputs | Rows:
        from bigmodel_cli.inference.inputs import find_inputs, find_rows
        from bigmodel_cli.kinds.inputs import Asked

        opened, quiet = self.opened, Silent()
        rows = find_rows(Asked(words, (), opened.rows_written), opened.signature, quiet.warn)
        return rows or find_inputs(words, opened.signature, quiet.warn, opened.examples_array)

    def _array(self, what: Any) -> Inputs:
        import numpy as np

        from bigmodel_cli.inference.inputs import Inputs
        from bigmodel_cli.kinds.inputs import Group
        from bigmodel_cli.kinds.read import Read
        from bigmodel_cli.parts import part_of

        # It is called so in messages.
        name = "array"
        return Inputs(
            [Group([name], part_of(self.opened.signature.kind, Read).rows(Path(name), np.asarray(what)))]
        )

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        """For notebooks: what it is, and how good."""
        cells = "".join(
            f"<tr><td>{escape(name)}</td><td>{value:.4f}</td></tr>"
            for name, value in self.evaluation["metrics"].items()
        )
        title = escape(self.opened.folder.title)
        return f"<b>{title}</b> ({escape(self.evaluation['split'])})<table>{cells}</table>"


def _runs_dir(given: str | Path | None) -> Path:
    return default_runs_dir() if given is None else Path(given)


@contextmanager
def _listening(progress: Progress) -> Iterator[Listener]:
    from bigmodel_cli.cli.progress import Follower, listening

    if progress not in ("auto", "plain", "none"):
        raise UsageError(f"progress={progress!r}: expected auto, plain or none")
    if progress == "none":
        yield Follower()
        return
    with listening(plain=progress == "plain") as listener:
        yield listener


def _rows(what: Any) -> list[Any]:
    """Rows as mappings: of one, of several, of a DataFrame."""
    if isinstance(what, Mapping):
        return [what]
    if hasattr(what, "to_dict") and hasattr(what, "columns"):
        found: list[Any] = what.to_dict(orient="records")
        return found
    if not isinstance(what, Iterable):
        raise UsageError(f"expected rows as mappings from columns to values, found {type(what).__name__}")
    return list(what)


def _require_texts(what: str, names: Any) -> None:
    """Raises:
    UsageError: If they are no texts in a list, as numbers are that a table calls users by.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise UsageError(f"{what}: expected a list of texts, found {names!r}")
    wrong = next((name for name in names if not isinstance(name, str)), None)
    if wrong is not None:
        raise UsageError(f"{what}: expected texts, found {wrong!r}", hint=f"write {str(wrong)!r}")


def _plain(value: Any) -> Any:
    """What JSON has no word for: numbers of NumPy, dates."""
    return value.item() if hasattr(value, "item") else str(value)
