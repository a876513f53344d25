"""A running `bigmodel serve`, and what is sent to it."""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


def png(seed: int = 0, side: int = 6) -> bytes:
    """A picture of noise."""
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side), np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def b64(content: bytes) -> dict[str, str]:
    """A file in JSON."""
    return {"b64": base64.b64encode(content).decode()}


def form(files: dict[str, bytes], fields: dict[str, str] | None = None) -> tuple[bytes, str]:
    """A form with files by name, and its content type."""
    parts = [
        f'--xyz\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in (fields or {}).items()
    ]
    parts += [
        f'--xyz\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in files.items()
    ]
    return b"".join(parts) + b"--xyz--\r\n", "multipart/form-data; boundary=xyz"


@dataclass
class Reply:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A running `bigmodel serve`."""

    process: subprocess.Popen[str]
    port: int
    said: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Reply:
        return self.ask("GET", path)

    def post(self, path: str, document: Any, kind: str = "application/json") -> Reply:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.ask("POST", path, body, {"content-type": kind})

    def end(self, seconds: float = 20) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def entry(self, request: str) -> dict[str, Any]:
        """What the log says of a request, which it does after the answer."""
        until = time.monotonic() + 5
        while time.monotonic() < until:
            for entry in map(json.loads, list(self.log)):
                if entry.get("request") == request:
                    return dict(entry)
            time.sleep(0.01)
        pytest.fail(f"the log has no request {request}")


def start(*words: str | Path, cwd: Path | None = None) -> Server:
    """Start `bigmodel serve` on a free port, and wait until it listens."""
    command = [sys.executable, "-m", "bigmodel_cli", "serve", *map(str, words), "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd, env={**os.environ}
    )
    server = Server(process, 0)
    threads = [
        threading.Thread(target=_keep, args=(stream, lines), daemon=True)
        for stream, lines in ((process.stderr, server.said), (process.stdout, server.log))
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 180
    while time.monotonic() < until:
        for line in list(server.said):
            if "listening on http://" in line:
                server.port = int(line.partition("http://")[2].partition("/")[0].rpartition(":")[2])
                return server
        if process.poll() is not None:
            threads[0].join(5)
            pytest.fail(f"ended with {process.returncode}: {''.join(server.said)}")
        time.sleep(0.02)
    process.kill()
    pytest.fail("it does not listen")


def _keep(stream: Any, lines: list[str]) -> None:
    for line in stream:
        lines.append(line)
