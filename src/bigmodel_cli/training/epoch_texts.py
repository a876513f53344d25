"""What a model of text writes after each epoch: by that people see sooner than by a loss what it learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from bigmodel_cli.inference.generating.sampling import Sampling
from bigmodel_cli.inference.generating.writing import Wanted, Writer, longest_common_run
from bigmodel_cli.tasks.generation.task import Generation
from bigmodel_cli.whole_files import write_json

if TYPE_CHECKING:
    from bigmodel_cli.listener import Listener
    from bigmodel_cli.run_folder import RunFolder
    from bigmodel_cli.training.prepared import Prepared

_WANTED = Wanted(max_tokens=112, sampling=Sampling(0.8, seed=0))
# What is shown of a text in a line.
_SHOWN = 72
# In a longer text nobody waits for what is repeated of it.
_MOST_SEARCHED = 20_000_000


class EpochTexts:
    """Writes a text after each epoch, always from the same beginning and by the same draws.

    Args:
        prepared: What trains.
        run: Its folder, where texts are kept.
        listener: Is told of them.
    """

    def __init__(self, prepared: Prepared, run: RunFolder, listener: Listener) -> None:
        (task,) = prepared.splits.signature.targets.values()
        (reading,) = prepared.settled.asked.readings.values()
        self._run, self._listener = run, listener
        are_logits = reading.activation == "softmax"
        # Compiling what would be quicker takes longer than so few tokens.
        self._writer = Writer(
            prepared.built.model, cast(Generation, task).vocabulary, are_logits=are_logits, keeps=False
        )
        series = prepared.splits.train.series
        is_searched = series is not None and len(series.ids) <= _MOST_SEARCHED
        self._training = (
            self._writer.vocabulary.decode(series.ids.tolist())
            if is_searched and series is not None
            else None
        )

    @classmethod
    def of(cls, prepared: Prepared, run: RunFolder, listener: Listener) -> EpochTexts | None:
        """None where the model does not write, or where several devices have a part of it."""
        tasks = prepared.splits.signature.targets.values()
        writes = len(tasks) == 1 and all(task.goes_on for task in tasks)
        return cls(prepared, run, listener) if writes and prepared.distribution.is_single else None

    def epoch_ended(self, epoch: int) -> None:
        """Write, tell and keep a text.

        Args:
            epoch: From 1; what later epochs of an earlier session have written is forgotten.
        """
        (written,) = self._writer.write("", _WANTED)
        kept = [one for one in self._kept() if one["epoch"] < epoch]
        found: dict[str, Any] = {"epoch": epoch, "text": written.text, "longest_run": None}
        if self._training is not None:
            found["longest_run"] = longest_common_run(written.text, self._training)
        write_json(self._run.texts, [*kept, found])
        line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in written.text[:_SHOWN])
        self._listener.say(f"epoch {epoch} writes: {line}")

    def _kept(self) -> list[dict[str, Any]]:
        return self._run.read_json(self._run.texts) if self._run.texts.is_file() else []
