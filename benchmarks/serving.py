"""`bigmodel serve` beside a FastAPI script around `model.predict`: one image per request, over and over.

    python benchmarks/serving.py RUN [--connections 32] [--seconds 60] [--requests 200000]

RUN is a run's folder that takes images. The script is what most people write: it needs fastapi, uvicorn and
python-multipart, from this environment or from `PYTHONPATH`. Both servers are asked by the same client on the
same machine, one after the other, each in a process of its own. With --requests ours is asked so often then,
and its memory is told on the way.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.run_folder import RunFolder

SCRIPT = """\
import io
import sys

import keras
import numpy as np
import uvicorn
from fastapi import FastAPI, File, UploadFile
from PIL import Image

model = keras.saving.load_model(sys.argv[1], compile=False)
height, width, channels = model.input_shape[1:]
app = FastAPI()


@app.post("/predict")
def predict(file: UploadFile = File(...)):
    image = Image.open(io.BytesIO(file.file.read())).convert("L" if channels == 1 else "RGB")
    pixels = np.asarray(image.resize((width, height))).reshape(1, height, width, channels)
    return {"predictions": model.predict(pixels, verbose=0).tolist()}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
"""


@dataclass
class Load:
    """What clients saw.

    Attributes:
        seconds: Of each request.
        wrong: Answers that were none.
        took: All in all.
    """

    seconds: list[float] = field(default_factory=list)
    wrong: int = 0
    took: float = 0.0

    def as_json(self, peak: int) -> dict[str, float]:
        low, high = np.percentile(self.seconds, [50, 99]) * 1000
        return {
            "requests": len(self.seconds),
            "per_second": round(len(self.seconds) / self.took, 1),
            "p50_ms": round(low, 2),
            "p99_ms": round(high, 2),
            "errors": self.wrong,
            "peak_mb": round(peak / 1e6, 1),
        }


async def load(port: int, request: bytes, connections: int, until: float, most: int | None = None) -> Load:
    """Ask with so many connections at once, until a time or for so many requests."""
    found, left = Load(), [most]
    began = time.perf_counter()

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until and left[0] != 0:
            if left[0] is not None:
                left[0] -= 1
            sent = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            found.seconds.append(time.perf_counter() - sent)
            found.wrong += not head.startswith(b"HTTP/1.1 200 ")
        writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    found.took = time.perf_counter() - began
    return found


def request_of(path: str, shape: tuple[int, ...]) -> bytes:
    """A form with a picture of noise."""
    buffer = io.BytesIO()
    height, width, channels = shape
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(buffer, "PNG")
    body = (
        b'--xyz\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\n'
        b"content-type: image/png\r\n\r\n" + buffer.getvalue() + b"\r\n--xyz--\r\n"
    )
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=xyz\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def memory(process: subprocess.Popen[bytes], name: str) -> int:
    """`VmRSS` or `VmHWM` of a process, in bytes."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return 1024 * int(line.split()[1])
    return 0


def wait_for(port: int, request: bytes) -> None:
    """Until one request is answered."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            asyncio.run(load(port, request, 1, time.perf_counter() + 60, most=1))
            return
        except (OSError, asyncio.IncompleteReadError):
            time.sleep(0.2)
    sys.exit("it does not answer")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--requests", type=int, default=0)
    parser.add_argument("--only", choices=["bigmodel", "fastapi"])
    asked = parser.parse_args()
    shape = open_folder(RunFolder(asked.run)).signature.kind.shape
    request, results = request_of("/predict", shape), {}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.py"
        script.write_text(SCRIPT)
        ours = ["-m", "bigmodel_cli", "serve", str(asked.run), "--port", "8911"]
        theirs = [str(script), str(asked.run / "checkpoints/best.keras"), "8912"]
        for name, words, port in (("bigmodel", ours, 8911), ("fastapi", theirs, 8912)):
            if asked.only not in (None, name):
                continue
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
            process = subprocess.Popen([sys.executable, *words], env=environment, **quiet)
            try:
                wait_for(port, request)
                found = asyncio.run(
                    load(port, request, asked.connections, time.perf_counter() + asked.seconds)
                )
                results[name] = found.as_json(memory(process, "VmHWM"))
                print(name, json.dumps(results[name]), flush=True)
                if name == "bigmodel" and asked.requests:
                    _grows(process, port, request, asked)
            finally:
                process.send_signal(signal.SIGTERM)
                print(name, "ended with", process.wait(30), flush=True)
    if len(results) == 2:
        ours_found, theirs_found = results["bigmodel"], results["fastapi"]
        print(
            f"{ours_found['per_second'] / theirs_found['per_second']:.1f} × the requests per second, "
            f"p99 {ours_found['p99_ms'] / theirs_found['p99_ms']:.2f} ×"
        )


def _grows(process: subprocess.Popen[bytes], port: int, request: bytes, asked: argparse.Namespace) -> None:
    """Memory after each tenth of many requests."""
    part = asked.requests // 10
    for number in range(1, 11):
        until = time.perf_counter() + 3600
        found = asyncio.run(load(port, request, asked.connections, until, most=part))
        print(
            f"{number * part:,} requests: {memory(process, 'VmRSS') / 1e6:.1f} MB, {found.wrong} errors",
            flush=True,
        )


if __name__ == "__main__":
    main()
