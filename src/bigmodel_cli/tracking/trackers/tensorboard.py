"""TensorBoard's files, written without TensorFlow: scalars, the config as text, plots as images."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.sources.record_frame import FOOTER_BYTES, HEADER_BYTES, checksum, framed
from bigmodel_cli.tracking.tracker import Facts, Ids, Point, Tracker, TrackerOptions

_PNG_SIZE = struct.Struct(">II")
# Where a PNG has its width and height: behind the signature, and the length and name of its first chunk.
_PNG_SIZE_AT = 16


class TensorBoard(TrackerOptions):
    """Writes what TensorBoard shows into the run's folder (extra `tensorboard`): `tensorboard --logdir runs`.

    Scalars have the names of metrics.csv. Graph, histograms and profile are the Keras callback's
    (`--tensorboard`).
    """

    tracker_name: ClassVar[str] = "tensorboard"
    example: ClassVar[str] = "track: [tensorboard]"
    package: ClassVar[str] = "tensorboard"
    extra: ClassVar[str] = "tensorboard"

    def open(self, folder: Path) -> Tracker:
        return _Run(folder / self.tracker_name)


class _Run:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._arrived: set[tuple[str, int]] = set()
        self._path = folder

    def start(self, facts: Facts, ids: Ids) -> Ids:
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self._folder.glob("events.out.tfevents.*")):
            for event in _events(path):
                for value in event.summary.value:
                    self._arrived.add((value.tag, event.step))
        # What a killed process has left half written ends its file; each process has one of its own.
        name = f"events.out.tfevents.{time.time_ns():019d}.{socket.gethostname()}.{os.getpid()}"
        self._path = self._folder / name
        self._write(time.time(), 0, file_version="brain.Event:2")
        if ("config", 0) not in self._arrived:
            self._text("config", f"```yaml\n{to_yaml(dict(facts.config))}```", facts.started)
        if ("run", 0) not in self._arrived:
            rows = "\n".join(f"| {key} | {value} |" for key, value in facts.tags.items())
            self._text("run", f"| | {facts.name} |\n|---|---|\n{rows}", facts.started)
        return {"file": name}

    def has(self, name: str, step: int) -> bool:
        return (name, step) in self._arrived

    def metrics(self, points: Sequence[Point]) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        for point in points:
            values = [Summary.Value(tag=name, simple_value=value) for name, value in point.values.items()]
            self._write(point.time, point.step, summary=Summary(value=values))

    def results(self, point: Point) -> None:
        new = {name: value for name, value in point.values.items() if not self.has(name, point.step)}
        self.metrics([replace(point, values=new)])

    def file(self, name: str, path: Path) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        if path.suffix != ".png":
            # All else lies in the run's folder itself.
            return
        step = max((step for _, step in self._arrived), default=0)
        if self.has(name, step):
            return
        content = path.read_bytes()
        width, height = _PNG_SIZE.unpack_from(content, _PNG_SIZE_AT)
        image = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=content)
        self._write(time.time(), step, summary=Summary(value=[Summary.Value(tag=name, image=image)]))

    def end(self, status: str) -> str | None:
        return None

    def _text(self, tag: str, text: str, at: float) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.types_pb2 import DT_STRING

        value = Summary.Value(
            tag=tag,
            metadata=SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text")),
            tensor=TensorProto(dtype=DT_STRING, string_val=[text.encode()]),
        )
        self._write(at, 0, summary=Summary(value=[value]))

    def _write(self, at: float, step: int, **what: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        event = Event(wall_time=at, step=step, **what)
        with self._path.open("ab") as file:
            file.write(framed(event.SerializeToString()))
        for value in event.summary.value:
            self._arrived.add((value.tag, step))


def _events(path: Path) -> Iterator[Any]:
    """The whole events of a file, up to where a process was killed."""
    from tensorboard.compat.proto.event_pb2 import Event

    content, place = path.read_bytes(), 0
    while place + HEADER_BYTES <= len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        record = content[place + HEADER_BYTES : place + HEADER_BYTES + length]
        end = place + HEADER_BYTES + length + FOOTER_BYTES
        if content[end - FOOTER_BYTES : end] != checksum(record):
            return
        yield Event.FromString(record)
        place = end
