"""The page to try a model by, and the description for programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from served import Server, b64, png

pytestmark = pytest.mark.tf


@pytest.mark.parametrize("width", [1100, 390])
def test_the_page_says_what_predict_says(server: Server, browser: Any, tmp_path: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda one: complaints.append(one.url) if not _is_own(one.url, server) else None)
    page.goto(server.url)
    (tmp_path / "<b>a.png").write_bytes(png())
    page.set_input_files("#drop input", str(tmp_path / "<b>a.png"))
    page.wait_for_selector("#results .answer")
    expected = server.post("/predict/tiny", png(), "image/png").json["predictions"][0]
    assert page.text_content("#results .answer") == expected["prediction"]
    assert page.text_content("#results .soft") == "<b>a.png"
    shown = [text.strip() for text in page.locator("#results .bar b").all_text_contents()]
    assert shown == [f"{100 * one['probability']:.1f}%" for one in expected["top"]]
    page.select_option("#choose select", "people")
    page.fill("[name=age]", "39")
    page.fill("[name='shirt size']", "M")
    page.click("#row button")
    page.wait_for_selector("#results .answer")
    likes = server.post("/predict/people", {"age": 39, "shirt size": "M"}).json["predictions"][0]
    assert page.locator("#results .answer").first.text_content() == likes["targets"]["likes"]["prediction"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    page.close()


def _is_own(url: str, server: Server) -> bool:
    return url.startswith((server.url, "blob:", "data:"))


def test_programs_are_told_what_a_model_takes(server: Server) -> None:
    document = server.get("/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert {"/predict/tiny", "/v1/models/people:predict", "/v2/models/tiny/infer"} <= document["paths"].keys()
    for name, good, bad in (
        ("people", {"age": 39, "shirt size": "M"}, {"age": "old"}),
        ("tiny", b64(png()), {"b64": 5}),
    ):
        content = document["paths"][f"/predict/{name}"]["post"]["requestBody"]["content"]
        schema = {**content["application/json"]["schema"], "components": document["components"]}
        checks = jsonschema.Draft202012Validator(schema)
        assert checks.is_valid([good])
        assert not checks.is_valid([bad])
    columns = {model["name"]: model["columns"] for model in server.get("/models").json["models"]}
    sizes = columns["people"][1]
    assert (sizes["name"], sizes["takes"], sorted(sizes["choices"])) == (
        "shirt size",
        "text",
        ["L", "M", "S"],
    )
