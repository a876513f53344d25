"""The page itself: content put into the template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from bigmodel_cli.advice.findings import Advice
from bigmodel_cli.reporting.report.content import page_content
from bigmodel_cli.reporting.report.reported import read_reported
from bigmodel_cli.reporting.templates import compiled
from bigmodel_cli.run_folder import SESSIONS, RunFolder
from bigmodel_cli.tasks.sections import Section
from bigmodel_cli.whole_files import write_text


def write_report(
    run: RunFolder,
    results: Mapping[str, Any] | None = None,
    *,
    seconds: float = 0.0,
    phases: Mapping[str, float] | None = None,
) -> list[Advice]:
    """Write report.html from what is in a run's folder.

    Args:
        run: A complete run, or one that is about to be.
        results: What its record is about to say; None where it is complete.
        seconds: With `results`: of the whole run so far.
        phases: With `results`: where the time of its last session went.

    Returns:
        What it says to try next.

    Raises:
        UsageError: If the run is not complete.
        DataError: If a piece of it is missing or damaged.
        ResourceError: If it cannot be written.
    """
    record = run.read_record()
    if results is not None:
        *sessions, last = record[SESSIONS]
        last = {**last, "seconds": dict(phases or {})}
        record = {**record, **results, "seconds": round(seconds, 3), SESSIONS: [*sessions, last]}
    content = page_content(read_reported(run, record))
    page = render(content)
    # Names of files need not be text.
    write_text(run.report, page.encode("utf-8", "backslashreplace").decode("utf-8"))
    advice: list[Advice] = content["advice"]
    return advice


def render(content: dict[str, Any]) -> str:
    """The page as HTML. Everything is escaped but what this package makes itself: figures, style and script.

    Args:
        content: As `page_content` gives it.
    """
    from markupsafe import Markup

    here = files(__package__)
    template = compiled(here.joinpath("page.html.j2").read_text("utf-8"))
    sections: list[Section] = content["of_task"]
    bodies = [
        compiled(section.template).render({**section.content, "id": section.id}) for section in sections
    ]
    data = {section.id: section.data for section in sections if section.data is not None}
    return template.render(
        **{
            **content,
            "figures": {name: Markup(figure) for name, figure in content["figures"].items()},  # noqa: S704
            "importance": [{**one, "figure": Markup(one["figure"])} for one in content["importance"]],  # noqa: S704
            "exports": content["exports"]
            and {**content["exports"], "figure": Markup(content["exports"]["figure"])},  # noqa: S704
            "scores": [{**one, "figures": list(map(Markup, one["figures"]))} for one in content["scores"]],
            "of_task": [
                {"id": section.id, "title": section.title, "body": Markup(body)}  # noqa: S704
                for section, body in zip(sections, bodies, strict=True)
            ],
        },
        css=Markup(here.joinpath("page.css").read_text("utf-8")),  # noqa: S704
        js=Markup(here.joinpath("page.js").read_text("utf-8")),  # noqa: S704
        data=Markup(_script_json(data)),  # noqa: S704
    )


def _script_json(value: Any) -> str:
    """JSON that cannot end the script that it stands in, whatever its strings hold."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
