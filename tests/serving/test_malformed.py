"""Requests that are wrong in every way: each is told what is wrong, and nobody else notices."""

from __future__ import annotations

import json
import os
import random
import socket
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from served import Server, b64, png, start

pytestmark = pytest.mark.tf

COUNT = 5000 if os.environ.get("BIGMODEL_FAULTS") == "long" else 300
ROUTES = ("/predict/tiny", "/v1/models/tiny:predict", "/v2/models/tiny/infer", "/predict/people")
TIMEOUT = 2.0


def http(path: str, body: bytes, kind: str = "application/json", *, length: int | None = None) -> bytes:
    """A request, byte by byte."""
    size = len(body) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {size}\r\n\r\n"
    return head.encode("latin-1") + body


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge."""

    def chunk(name: bytes, content: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + crc

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def wrong_json(rng: random.Random) -> bytes:
    texts = [
        b"",
        b"{",
        b"nul",
        b"[" * rng.randrange(2000, 90_000),
        b'{"instances": ' * rng.randrange(2000, 7000),
        b'"\xff\xfe"',
        b'{"instances": [' + b"9" * rng.randrange(5000, 20_000) + b"]}",
        b'{"instances": [1e999]}',
        b'{"instances": [NaN, Infinity]}',
        b'{"instances": "\\ud800"}',
        b'{"instances": [{"\\ud800": 1}], "inputs": []}',
        bytes(rng.randrange(256) for _ in range(rng.randrange(1, 400))),
    ]
    return rng.choice(texts)


def wrong_value(rng: random.Random) -> Any:
    """JSON that is sound, and no request of any of the routes."""
    good = b64(png())
    values: list[Any] = [
        None,
        7,
        "text",
        [],
        {"instances": []},
        {"instances": {}},
        {"instances": [[[1]] * 6, [[1]] * 5]},
        {"instances": [[[[300]] * 6] * 6]},
        {"instances": [[[["x"]] * 6] * 6]},
        {"instances": [good, None]},
        {"instances": [{"b64": good["b64"][:-3] + "!"}]},
        {"instances": [{"b64": 5}]},
        {"instances": [{"no such column": 1}]},
        {"instances": [{"age": {"deep": [[[]]]}}]},
        {"instances": [{"b64": b64(png()[: rng.randrange(1, 60)])["b64"]}]},
        {"instances": [b64(bomb(60_000, 60_000))]},
        {"inputs": {"input": 5}},
        {"inputs": {"input": [1], "other": [1, 2]}},
        {"inputs": [{"name": "input", "shape": [10**9, 10**9], "datatype": "UINT8", "data": []}]},
        {"inputs": [{"name": "input", "shape": [-1], "datatype": "UINT8", "data": [1]}]},
        {"inputs": [{"name": "input", "shape": [1, True], "datatype": "UINT8", "data": [1]}]},
        {"inputs": [{"name": "input", "shape": [1], "datatype": "FP99", "data": [1]}]},
        {"inputs": [{"name": "input", "shape": [1], "datatype": "BYTES", "data": ["?"]}]},
        {"inputs": [{"name": "input", "shape": [1], "datatype": "BYTES", "data": [[]]}]},
        {"inputs": [{"name": 5, "shape": [1], "datatype": "BYTES", "data": ["?"]}], "outputs": 5},
    ]
    return rng.choice(values)


def wrong_form(rng: random.Random) -> bytes:
    part = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + png() + b"\r\n"
    bodies = [
        (b"", "multipart/form-data; boundary=b"),
        (part, "multipart/form-data; boundary=b"),
        (part + b"--b--\r\n", "multipart/form-data"),
        (part + b"--b--\r\n", "multipart/form-data; boundary=other"),
        (part[: rng.randrange(5, len(part))], "multipart/form-data; boundary=b"),
        (part.replace(b"--b\r\n", b"-b\r\n") + b"--b--\r\n", "multipart/form-data; boundary=b"),
        (b"--b--\r\n", "multipart/form-data; boundary=b"),
        (part.replace(png(), b"no picture") + b"--b--\r\n", "multipart/form-data; boundary=b"),
        (part.replace(png(), bomb(50_000, 50_000)) + b"--b--\r\n", "multipart/form-data; boundary=b"),
    ]
    body, kind = rng.choice(bodies)
    return http("/predict/tiny", body, kind)


def wrong_head(rng: random.Random) -> bytes:
    heads = [
        bytes(rng.randrange(256) for _ in range(200)) + b"\r\n\r\n",
        b"GET / HTTQ/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /predict/tiny HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
        b"POST /predict/tiny HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
        b"POST /predict/tiny HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 70_000,
        b"POST /predict/tiny HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        + b"8000\r\n"
        + bytes(0x8000)
        + b"\r\n5\r\nabc",
        http("/predict/nobody", b"{}"),
        http("/no/such/path", b"{}"),
        http("/predict/tiny?top=many", b"{}"),
        http("/predict/tiny?top=" + "9" * 5000, b"{}"),
        http("/predict/tiny", b"{}", rng.choice(["text/html", "", "application/xml", "a" * 2000])),
        http("/predict/tiny", bytes(200_001), "image/png"),
        b"DELETE /predict/tiny HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /v1/models/tiny/versions/%00 HTTP/1.1\r\nhost: x\r\n\r\n",
    ]
    return rng.choice(heads)


def wrong(rng: random.Random) -> tuple[bytes, bool]:
    """A wrong request, and whether the client waits instead of saying that there is no more."""
    sort = rng.randrange(8)
    if sort == 0:
        whole = http(rng.choice(ROUTES), json.dumps({"instances": [b64(png())]}).encode())
        return whole[: rng.randrange(10, len(whole) - 1)], False
    if sort == 1:
        whole = http(rng.choice(ROUTES), json.dumps({"instances": [b64(png())]}).encode())
        # A tenth of them are slow; the others say that they end.
        return whole[: rng.randrange(10, len(whole) - 1)], rng.random() < 0.5
    if sort in (2, 3):
        return http(rng.choice(ROUTES), wrong_json(rng)), True
    if sort in (4, 5):
        return http(rng.choice(ROUTES), json.dumps(wrong_value(rng)).encode()), True
    return (wrong_form(rng), True) if sort == 6 else (wrong_head(rng), False)


def answer_to(port: int, request: bytes, *, waits: bool) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        try:
            client.sendall(request)
            if not waits:
                client.shutdown(socket.SHUT_WR)
        except OSError:
            # It has been answered already.
            pass
        found = b""
        while b"\r\n\r\n" not in found or not _is_whole(found):
            try:
                more = client.recv(65536)
            except ConnectionResetError:
                break
            if not more:
                break
            found += more
        return found


def _is_whole(found: bytes) -> bool:
    head, _, body = found.partition(b"\r\n\r\n")
    return len(body) >= int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)


@pytest.fixture(scope="module")
def careful(trained: Path, people: Path) -> Iterator[Server]:
    """A server that waits for nobody for long."""
    words = [next((trained / "tiny").iterdir()), next((people / "people").iterdir())]
    found = start(*words, "--timeout", str(TIMEOUT), "--max-body", "200000")
    yield found
    assert found.end() == 0
    assert not any("Traceback" in line for line in found.said), "".join(found.said)


def test_each_is_told_what_is_wrong_and_nobody_else_notices(careful: Server) -> None:
    rng = random.Random(17)
    requests = [wrong(rng) for _ in range(COUNT)]
    served: list[tuple[int, float]] = []
    ended = threading.Event()

    def good() -> None:
        while not ended.is_set():
            began = time.monotonic()
            served.append(
                (careful.post("/predict/tiny", png(), "image/png").status, time.monotonic() - began)
            )
            time.sleep(0.02)

    beside = threading.Thread(target=good)
    beside.start()
    try:
        with ThreadPoolExecutor(24) as clients:
            answers = list(clients.map(lambda one: answer_to(careful.port, one[0], waits=one[1]), requests))
    finally:
        ended.set()
        beside.join()
    statuses = Counter[str]()
    for (request, _), answer in zip(requests, answers, strict=True):
        head, _, body = answer.partition(b"\r\n\r\n")
        status = head[9:12].decode()
        statuses[status] += 1
        assert status.startswith("4"), (request[:300], answer[:300])
        assert json.loads(body)["error"], (request[:300], answer[:300])
    assert {"400", "404", "405", "408", "413", "415"} <= statuses.keys(), statuses
    assert len(served) > 10
    assert {status for status, _ in served} == {200}
    assert max(seconds for _, seconds in served) < TIMEOUT, served
    assert careful.get("/healthz").status == 200


def test_one_client_with_many_idle_connections_is_no_other_ones_trouble(careful: Server) -> None:
    idle = [socket.create_connection(("127.0.0.1", careful.port), 5) for _ in range(200)]
    try:
        assert careful.post("/predict/tiny", png(), "image/png").status == 200
        # Who says nothing is let go in silence.
        idle[0].settimeout(TIMEOUT + 10)
        assert idle[0].recv(100) == b""
    finally:
        for one in idle:
            one.close()
