"""What surrounds every request: its token, its errors, its line in the log."""

from __future__ import annotations

import hmac
import json
import os
import sys
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from bigmodel_cli.errors import BigmodelError
from bigmodel_cli.serving.limits import ClientGone, Refused
from bigmodel_cli.serving.serving import Serving
from bigmodel_cli.whole_files import to_json

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Anybody may ask whether the server lives; the page has nothing of a run in itself.
_OPEN = frozenset({"/", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
# Where handlers put what the log and the metrics say of a request.
NOTES = "bigmodel"
_JSON = (b"content-type", b"application/json")


def json_bytes(document: Any) -> bytes:
    """JSON in ASCII; numbers that are none become null."""
    try:
        return json.dumps(document, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:
        return json.dumps(json.loads(to_json(document))).encode()


class Around:
    """An application around another one.

    Args:
        app: It.
        serving: What is served.
    """

    def __init__(self, app: ASGIApp, serving: Serving) -> None:
        self._app, self._serving = app, serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request = _Request(self._serving, scope, send)
        try:
            self._require_token(scope)
            scope["app"] = self
            await self._app(scope, receive, request.send)
        except ClientGone:
            # As nginx calls it; nobody sees it but the log.
            request.status = 499
        except Exception as error:
            await request.refuse(_as_refused(error))
        self._note(scope, request, time.perf_counter() - began)

    def _require_token(self, scope: Scope) -> None:
        token = self._serving.token
        if token is None or scope["path"] in _OPEN:
            return
        given = dict(scope["headers"]).get(b"authorization", b"")
        if not hmac.compare_digest(given, b"Bearer " + token):
            raise Refused(
                401, "expected the header Authorization: Bearer TOKEN", {"www-authenticate": "Bearer"}
            )

    def _note(self, scope: Scope, request: _Request, seconds: float) -> None:
        notes = scope[NOTES]
        self._serving.metrics.answered(
            notes.get("model", ""), notes.get("protocol", "other"), request.status, seconds
        )
        client = scope.get("client")
        self._serving.log.write(
            {
                "request": request.identity,
                "client": client[0] if client else None,
                "method": scope["method"],
                "path": scope["path"],
                "status": request.status,
                "seconds": round(seconds, 6),
                "bytes": request.num_bytes,
                **notes,
                **({} if request.error is None else {"error": request.error}),
            }
        )


class _Request:
    """Sends an answer, and remembers what it was."""

    def __init__(self, serving: Serving, scope: Scope, send: Send) -> None:
        self._serving, self._send = serving, send
        scope[NOTES] = {}
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")[:64]
        self.identity = given if given.isascii() and given.isprintable() and given else os.urandom(8).hex()
        self.status = 0
        self.num_bytes = 0
        self.error: str | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-request-id", self.identity.encode())]
            if self._serving.is_draining and not any(name == b"connection" for name, _ in headers):
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self.num_bytes += len(message.get("body", b""))
        await self._send(message)

    async def refuse(self, refused: Refused) -> None:
        """Answer with an error, if nothing was answered yet."""
        self.error = refused.reason
        if self.status:
            return
        body = json_bytes({"error": refused.reason})
        headers = [_JSON, (b"content-length", str(len(body)).encode())]
        headers += [(name.encode(), value.encode()) for name, value in refused.headers.items()]
        await self.send({"type": "http.response.start", "status": refused.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _as_refused(error: Exception) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, BigmodelError):
        return Refused(400, error.message)
    if isinstance(error, HTTPException):
        return Refused(error.status_code, error.detail, error.headers or {})
    # A failure of ours: who runs the server should see it; where nobody can, the client is answered still.
    with suppress(OSError, ValueError):
        traceback.print_exception(error, file=sys.stderr)
    return Refused(500, f"a failure of the server: {type(error).__name__}")
