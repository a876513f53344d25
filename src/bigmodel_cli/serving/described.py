"""What is served, for people, for the page and for programs that make clients (OpenAPI)."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from bigmodel_cli import __version__
from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.read import Read
from bigmodel_cli.parts import part_of
from bigmodel_cli.serving.asked import B64, INSTANCES
from bigmodel_cli.serving.served import Served
from bigmodel_cli.serving.serving import Serving

# Nothing of another place is loaded, nor could it be.
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src blob: data:; media-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
# Words of a column that the page offers.
_MOST_CHOICES = 200
_FILE = {
    "type": "object",
    "properties": {B64: {"type": "string", "format": "byte"}},
    "required": [B64],
    "additionalProperties": False,
}


def page() -> str:
    """The page to try a model by; it asks for what is served."""
    return files(__package__).joinpath("page.html").read_text("utf-8")


def models(serving: Serving) -> dict[str, Any]:
    """What `/models` says."""
    return {"models": [_model(served) for served in serving.models.values()]}


def _model(served: Served) -> dict[str, Any]:
    kind = served.signature.kind
    return {
        "name": served.name,
        "run": str(served.opened.folder.path),
        "version": served.version,
        "engine": served.engine,
        "reason": served.reason,
        "batch_size": served.batcher.most,
        "described": served.signature.described,
        "takes": "prompts" if served.writer else _takes(kind),
        "media": f"{part_of(kind, Read).media}*",
        "shape": list(kind.shape),
        # Of an example that is one value nobody fills in columns.
        "columns": [_column(name, one) for name, one in served.signature.given.items()]
        if kind.is_composed
        else [],
    }


def _takes(kind: Kind) -> str:
    if kind.is_composed:
        return "rows"
    return "array" if part_of(kind, Read).file_options is None else "files"


def _column(name: str, kind: Kind) -> dict[str, Any]:
    choices = getattr(kind, "categories", None) or ()
    return {
        "name": name,
        "noun": kind.noun,
        "takes": "file" if part_of(kind, Cells).are_paths else "text",
        "choices": list(choices[:_MOST_CHOICES]),
    }


def openapi(serving: Serving) -> dict[str, Any]:
    """What `/openapi.json` says: the routes of each model, with what it takes."""
    paths: dict[str, Any] = {
        "/models": _get("What is served."),
        "/healthz": _get("Whether it lives."),
        "/readyz": _get("Whether it takes requests."),
    }
    schemas: dict[str, Any] = {"File": _FILE}
    for served in serving.models.values():
        name = served.name
        schemas[name] = _example(served)
        example = {"$ref": f"#/components/schemas/{name}"}
        many = {"type": "array", "items": example}
        paths[f"/predict/{name}"] = _predict(served, example, many)
        if served.writer is not None:
            paths[f"/generate/{name}"] = _post(f"Texts that {name} writes.", _of_json(_PROMPT))
        if served.catalogue is not None:
            paths[f"/recommend/{name}"] = _post(f"Items that {name} recommends.", _of_json(_WISH))
        v1 = {"type": "object", "properties": {INSTANCES: many}, "required": [INSTANCES]}
        paths[f"/v1/models/{name}:predict"] = _post(
            f"Outputs of {name}, as TensorFlow Serving gives them.", _of_json(v1)
        )
        paths[f"/v2/models/{name}/infer"] = _post(f"Outputs of {name}, as KServe gives them.", _of_json(_V2))
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "bigmodel serve", "version": __version__},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    if serving.token is not None:
        found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        found["security"] = [{"token": []}]
    return found


_TENSOR = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": {"type": "string"},
        "data": {"type": "array", "items": {}},
    },
    "required": ["name", "shape", "datatype", "data"],
}
_V2 = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "inputs": {"type": "array", "items": _TENSOR}},
    "required": ["inputs"],
}
_PROMPT = {
    "type": "object",
    "properties": {
        "prompt": {"type": "string"},
        **{key: {"type": "integer"} for key in ("max_tokens", "num", "seed", "top_k", "beams")},
        **{key: {"type": "number"} for key in ("temperature", "top_p", "length_penalty")},
        "stop": {"type": "array", "items": {"type": "string"}},
        "stream": {"type": "boolean", "default": False},
    },
    "additionalProperties": False,
}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_WISH = {
    "type": "object",
    "properties": {
        "users": _TEXTS,
        "similar_to": {"type": "string"},
        "new_user": {"type": "object", "properties": {"items": _TEXTS}, "required": ["items"]},
        "top": {"type": "integer", "minimum": 1, "default": 10},
        "where": _TEXTS,
        "include_seen": {"type": "boolean"},
        "why": {"type": "boolean", "default": False},
    },
    "additionalProperties": False,
}
_ERROR = {
    "description": "What was expected, and what was found.",
    "content": {"application/json": {"schema": {"properties": {"error": {"type": "string"}}}}},
}


def _example(served: Served) -> dict[str, Any]:
    """One example in JSON."""
    inputs = served.signature.given
    if served.signature.kind.is_composed:
        return {"type": "object", "properties": {name: _value(kind) for name, kind in inputs.items()}}
    (kind,) = inputs.values()
    array = _array(kind)
    if part_of(kind, Read).file_options is None:
        return array
    return {"oneOf": [{"$ref": "#/components/schemas/File"}, array]}


def _value(kind: Kind) -> dict[str, Any]:
    if part_of(kind, Cells).are_paths:
        return {"$ref": "#/components/schemas/File"}
    return _array(kind)


def _array(kind: Kind) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": ["number", "null"] if kind.dtype != "string" else ["string", "null"]}
    for size in reversed(kind.shape):
        schema = {"type": "array", "items": schema, "minItems": size, "maxItems": size}
    return schema


def _predict(served: Served, example: Any, many: Any) -> dict[str, Any]:
    named = {"type": "object", "properties": {INSTANCES: many}, "required": [INSTANCES]}
    content = _of_json({"oneOf": [named, many, example]})
    if _takes(served.signature.kind) == "files":
        binary = {"type": "string", "format": "binary"}
        form = {"type": "object", "properties": {"file": {"type": "array", "items": binary}}}
        content["multipart/form-data"] = {"schema": form}
        content[f"{part_of(served.signature.kind, Read).media}*"] = {"schema": binary}
    found = _post(f"What `bigmodel predict --json` says by {served.name}.", content)
    found["post"]["parameters"] = [
        {"name": "top", "in": "query", "schema": {"type": "integer", "minimum": 1, "default": 3}},
        {"name": "invert", "in": "query", "schema": {"type": "boolean", "default": False}},
    ]
    return found


def _of_json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _post(summary: str, content: dict[str, Any]) -> dict[str, Any]:
    replies = {"200": {"description": "Predictions."}, "4XX": _ERROR, "5XX": _ERROR}
    body = {"required": True, "content": content}
    return {"post": {"summary": summary, "requestBody": body, "responses": replies}}


def _get(summary: str) -> dict[str, Any]:
    return {"get": {"summary": summary, "responses": {"200": {"description": summary}}}}
