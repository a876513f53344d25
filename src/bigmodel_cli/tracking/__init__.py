"""Trackers: where else a run is followed. Each is one module in `trackers/`; nothing else lists them.

Training only says that there is something new (`feeder.py`); what a tracker gets is read from the run's
folder (`contents.py`), compared with what it has (`sending.py`) and sent, in a process of its own
(`sender.py`).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bigmodel_cli.tracking.tracker import TrackerOptions


@cache
def tracker_options() -> Mapping[str, type[TrackerOptions]]:
    """All trackers by the name that configs use."""
    from bigmodel_cli.tracking import trackers
    from bigmodel_cli.tracking.tracker import TrackerOptions

    for module in pkgutil.iter_modules(trackers.__path__):
        importlib.import_module(f"{trackers.__name__}.{module.name}")
    found = sorted(TrackerOptions.__subclasses__(), key=lambda options: options.tracker_name)
    return {options.tracker_name: options for options in found}
