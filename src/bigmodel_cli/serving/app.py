"""The routes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, Router

from bigmodel_cli.kinds.inputs import Batch
from bigmodel_cli.serving import described, metrics, recommended
from bigmodel_cli.serving.around import NOTES, Around, json_bytes
from bigmodel_cli.serving.asked import object_of
from bigmodel_cli.serving.limits import Refused, read_body
from bigmodel_cli.serving.protocols import kserve, own, tensorflow_serving
from bigmodel_cli.serving.protocols.own import events, texts_of
from bigmodel_cli.serving.served import Served
from bigmodel_cli.serving.serving import Answered, Reading, Serving
from bigmodel_cli.serving.written import asked_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def application(serving: Serving) -> ASGIApp:
    """What answers requests."""
    return Around(Router(_Routes(serving).routes(), redirect_slashes=False), serving)


# Proxies that wait for more would show a text at its end.
_AS_IT_COMES = {"cache-control": "no-store", "x-accel-buffering": "no"}


def _document(document: Any, status: int = 200) -> Response:
    return Response(json_bytes(document), status, media_type="application/json")


class _Routes:
    """What is answered, by paths."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._page = described.page()

    def routes(self) -> list[Route]:
        post, get = ["POST"], ["GET"]
        v1, v2 = "/v1/models/{name}", "/v2/models/{name}"
        return [
            Route("/predict", self.predict, methods=post),
            Route("/predict/{name}", self.predict, methods=post),
            Route("/generate", self.generate, methods=post),
            Route("/generate/{name}", self.generate, methods=post),
            Route("/recommend", self.recommend, methods=post),
            Route("/recommend/{name}", self.recommend, methods=post),
            Route(f"{v1}:predict", self.predict_v1, methods=post),
            Route(v1 + "/versions/{version}:predict", self.predict_v1, methods=post),
            Route(f"{v1}/metadata", self.metadata_v1, methods=get),
            Route(v1 + "/versions/{version}/metadata", self.metadata_v1, methods=get),
            Route(v1 + "/versions/{version}", self.status_v1, methods=get),
            Route(v1, self.status_v1, methods=get),
            Route("/v2", self.server_v2, methods=get),
            Route("/v2/health/live", self.health, methods=get),
            Route("/v2/health/ready", self.ready, methods=get),
            Route(f"{v2}/infer", self.infer_v2, methods=post),
            Route(v2 + "/versions/{version}/infer", self.infer_v2, methods=post),
            Route(f"{v2}/ready", self.ready_v2, methods=get),
            Route(v2 + "/versions/{version}/ready", self.ready_v2, methods=get),
            Route(v2 + "/versions/{version}", self.metadata_v2, methods=get),
            Route(v2, self.metadata_v2, methods=get),
            Route("/healthz", self.health, methods=get),
            Route("/readyz", self.ready, methods=get),
            Route("/metrics", self.metrics, methods=get),
            Route("/models", self.models, methods=get),
            Route("/openapi.json", self.openapi, methods=get),
            Route("/", self.page, methods=get),
        ]

    def _named(self, request: Request, protocol: str) -> Served:
        """The model that a path names; a version that is not the one served is not there."""
        models = self._serving.models
        name = request.path_params.get("name")
        if name is None:
            if len(models) != 1:
                path = request.url.path
                raise Refused(404, f"expected the name of a model: {path}/NAME; there: {', '.join(models)}")
            name = next(iter(models))
        served = self._serving.model(name)
        request.scope[NOTES] |= {"model": name, "protocol": protocol}
        version = request.path_params.get("version")
        if version is not None and version != served.version:
            raise Refused(404, f"{name}: version {served.version} is served, not {version[:60]}")
        return served

    async def _answered(self, request: Request, read: Reading, protocol: str) -> Answered:
        name = request.scope[NOTES]["model"]
        found = await self._serving.answered(name, read, wants_answers=protocol == "own")
        request.scope[NOTES] |= {"version": found.served.version, "examples": len(found.made.errors)}
        return found

    async def predict(self, request: Request) -> Response:
        self._named(request, "own")
        query = request.query_params
        top = own.top_of(query.get("top"))
        invert = own.flag_of("invert", query.get("invert"))
        body = await read_body(request, self._serving.limits)
        content_type = request.headers.get("content-type", "")

        def read(served: Served) -> tuple[Batch, None]:
            return own.read(served, body, content_type, self._serving.limits, invert=invert), None

        found = await self._answered(request, read, "own")
        status, document = own.answer(found.served, found.made, top)
        return _document(document, status)

    async def generate(self, request: Request) -> Response:
        name = self._named(request, "own").name
        asked = asked_of(object_of(await read_body(request, self._serving.limits)))
        pieces = self._serving.written(name, asked)
        # What is wrong with a request is found before the first piece, and then has a status.
        first = await anext(pieces)
        if asked.streams:
            return StreamingResponse(
                events(first, pieces), media_type="text/event-stream", headers=_AS_IT_COMES
            )
        *_, texts = [first, *[piece async for piece in pieces]]
        return _document({"run": str(self._serving.model(name).opened.folder.path), **texts_of(texts)})

    async def recommend(self, request: Request) -> Response:
        name = self._named(request, "own").name
        asked = recommended.asked_of(object_of(await read_body(request, self._serving.limits)))
        served, found = await self._serving.recommended(name, asked)
        request.scope[NOTES] |= {"version": served.version, "examples": asked.num_answers}
        return _document({"run": str(served.opened.folder.path), "recommendations": found})

    async def predict_v1(self, request: Request) -> Response:
        self._named(request, "v1")
        body = await read_body(request, self._serving.limits)
        read = partial(tensorflow_serving.read, body=body, limits=self._serving.limits)
        found = await self._answered(request, read, "v1")
        return _document(tensorflow_serving.answer(found.served, found.made, by_column=found.asked))

    async def infer_v2(self, request: Request) -> Response:
        self._named(request, "v2")
        if "inference-header-content-length" in request.headers:
            raise Refused(415, "binary tensors are not taken; send data as JSON")
        body = await read_body(request, self._serving.limits)
        read = partial(kserve.read, body=body, limits=self._serving.limits)
        found = await self._answered(request, read, "v2")
        return _document(kserve.answer(found.served, found.made, found.asked))

    async def status_v1(self, request: Request) -> Response:
        return _document(tensorflow_serving.status(self._named(request, "v1")))

    async def metadata_v1(self, request: Request) -> Response:
        return _document(tensorflow_serving.metadata(self._named(request, "v1")))

    async def metadata_v2(self, request: Request) -> Response:
        return _document(kserve.metadata(self._named(request, "v2")))

    async def ready_v2(self, request: Request) -> Response:
        name = self._named(request, "v2").name
        return _document({"name": name, "ready": True})

    async def server_v2(self, request: Request) -> Response:
        return _document(kserve.server_metadata())

    async def health(self, request: Request) -> Response:
        return _document({"live": True})

    async def ready(self, request: Request) -> Response:
        is_ready = not self._serving.is_draining
        return _document({"ready": is_ready}, 200 if is_ready else 503)

    async def models(self, request: Request) -> Response:
        return _document(described.models(self._serving))

    async def openapi(self, request: Request) -> Response:
        return _document(described.openapi(self._serving))

    async def page(self, request: Request) -> Response:
        return Response(self._page, media_type="text/html", headers=described.PAGE_HEADERS)

    async def metrics(self, request: Request) -> Response:
        gauges = {
            "bigmodel_requests_waiting": (
                "Requests that wait or are computed.",
                float(self._serving.waiting),
            ),
        }
        text = self._serving.metrics.text(self._serving.models, gauges)
        return Response(text, media_type=None, headers={"content-type": metrics.CONTENT_TYPE})
