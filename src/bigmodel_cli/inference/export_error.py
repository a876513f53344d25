"""Why a model cannot be had for another runtime; who runs that one loads nothing else of ours with it."""

from __future__ import annotations

from bigmodel_cli.errors import BigmodelError


class ExportError(BigmodelError):
    """The model cannot be exported, or the export does not answer as the model does."""
