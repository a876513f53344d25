"""What TensorBoard itself reads of the files that its tracker writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracked_runs import TRACKED, begin_run, complete, row, train

from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tracking.sending import Sending
from bigmodel_cli.tracking.trackers.tensorboard import TensorBoard

pytestmark = pytest.mark.slow


def send(run: RunFolder) -> None:
    sending = Sending(run, TensorBoard())
    sending.send(has_ended=True)
    assert sending.end() is None


def read(run: RunFolder):  # type: ignore[no-untyped-def]
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(run.tracking / "tensorboard"))
    return found.Reload()


def scalars(run: RunFolder) -> dict[str, list[tuple[int, float]]]:
    # TensorBoard has float32.
    found = read(run)
    return {
        tag: [(one.step, round(one.value, 6)) for one in found.Scalars(tag)]
        for tag in found.Tags()["scalars"]
    }


def wanted(epochs: range) -> dict[str, list[tuple[int, float]]]:
    return {name: [(epoch, round(row(epoch)[name], 6)) for epoch in epochs] for name in TRACKED[:3]}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scalars_text_and_images(finished: RunFolder) -> None:
    send(finished)
    results = {"test_loss": [(5, 0.25)], "test_accuracy": [(5, 0.875)], "best_epoch": [(5, 5.0)]}
    found = scalars(finished)
    assert set(found) == set(TRACKED)
    for name, points in {**wanted(range(1, 6)), **results}.items():
        assert [step for step, _ in found[name]] == [step for step, _ in points]
        for (_, value), (_, right) in zip(found[name], points, strict=True):
            assert value == pytest.approx(right, nan_ok=True)
    events = read(finished)
    (image,) = events.Images("plots/curves.png")
    assert (image.width, image.height) == (4, 3)
    assert image.encoded_image_string == finished.plot("curves").read_bytes()
    (text,) = events.Tensors("config")
    assert b"units: 8" in text.tensor_proto.string_val[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_sessions_have_a_file_each_and_nothing_twice(tmp_path: Path) -> None:
    run = begin_run(tmp_path / "small" / "one")
    train(run, range(1, 4))
    complete(run, "interrupted")
    send(run)
    # What a killed process has half written ends its file.
    (first,) = (run.tracking / "tensorboard").iterdir()
    content = first.read_bytes()
    first.write_bytes(content[:-11])
    train(run, range(4, 6))
    complete(run)
    send(run)
    send(run)
    for points in scalars(run).values():
        steps = [step for step, _ in points]
        assert steps in ([1, 2, 3, 4, 5], [5])
    # The one before it was half written.
    assert [image.step for image in read(run).Images("plots/curves.png")] == [5]
