"""`bigmodel serve`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import example, runs_dir_option, trust_option


def _at_most(name: str, most: int, metavar: str, text: str) -> Callable[[Any], Any]:
    """An option that bounds what is taken."""
    return click.option(
        name, type=click.IntRange(min=1), default=most, show_default=True, metavar=metavar, help=text
    )


@click.command(
    epilog=example(
        "bigmodel serve mnist",
        "bigmodel serve mnist people=runs/adult/20260101-120000 --port 9000",
        "bigmodel serve --watch mnist --host 0.0.0.0 --token-file token.txt",
    )
)
@click.argument("runs", nargs=-1, metavar="[[NAME=]RUN]...", shell_complete=complete.runs)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@click.option(
    "--watch",
    "watched",
    multiple=True,
    metavar="NAME",
    shell_complete=complete.runs,
    help="Serve the newest completed run of a name, and take up newer ones without a gap; may be repeated.",
)
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    metavar="ENGINE",
    help="litert, keras, or exports/NAME; auto needs no TensorFlow where the run has a LiteRT model, or an "
    "export that runs without.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Ask each request for the token in this file: Authorization: Bearer TOKEN.",
)
@click.option(
    "--insecure-network", is_flag=True, help="Listen on other than loopback addresses without a token."
)
@_at_most("--max-body", 10_000_000, "BYTES", "The largest request.")
@_at_most("--max-pixels", 25_000_000, "N", "The largest image, and all that are decoded at a time.")
@_at_most("--max-queue", 256, "N", "Requests that may wait; more are told to come again (429).")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="In which a request has to arrive, and is computed then.",
)
@click.option("--no-access-log", is_flag=True, help="Write no line of JSON for each request on stdout.")
@trust_option
@runs_dir_option
def command(
    runs: tuple[str, ...],
    host: str,
    port: int,
    watched: tuple[str, ...],
    no_access_log: bool,
    token_file: Path | None,
    insecure_network: bool,
    runs_dir: Path,
    **how: Any,
) -> None:
    """Answer requests for predictions over HTTP, until a signal asks to end.

    RUN is a run's folder, or a name for its newest completed run; left out, the newest of all is served. It
    is called by its name, or by NAME. Models are loaded and warm before the first request is taken.

    Clients of TensorFlow Serving (/v1/models/NAME:predict) and of KServe (/v2/models/NAME/infer) need not
    change; /predict/NAME says what `bigmodel predict --json` does.
    """
    import sys

    from bigmodel_cli.cli.output import note, warn
    from bigmodel_cli.native_output import heard
    from bigmodel_cli.process_memory import give_large_blocks_back
    from bigmodel_cli.serving.access import bound, read_token, require_safe
    from bigmodel_cli.serving.access_log import AccessLog
    from bigmodel_cli.serving.extra import require_extra
    from bigmodel_cli.serving.limits import Limits
    from bigmodel_cli.serving.start import Wanted, load_all

    require_extra()
    token = None if token_file is None else read_token(token_file)
    require_safe(host, has_token=token is not None, is_insecure=insecure_network)
    give_large_blocks_back()
    with bound(host, port) as listening:
        wanted = Wanted(runs, watched, runs_dir, how["engine"], how["trust"])
        models = load_all(wanted, warn, note)
        from bigmodel_cli.serving.http import serve
        from bigmodel_cli.serving.serving import Serving
        from bigmodel_cli.serving.watch import Watcher

        limits = Limits(how["max_body"], how["max_pixels"], how["max_queue"], how["timeout"])
        serving = Serving(models, limits, token, AccessLog(None if no_access_log else sys.stdout))
        address = listening.getsockname()
        shown = f"[{address[0]}]" if ":" in address[0] else address[0]
        watcher = Watcher(serving, wanted, warn, note)
        with heard():
            serve(
                serving,
                listening,
                lambda: note(f"listening on http://{shown}:{address[1]}/ (Ctrl+C ends it)"),
                watcher.run if watched else None,
            )
    note("ended: all requests were answered")
