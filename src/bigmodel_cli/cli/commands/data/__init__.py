"""`bigmodel data`: a module for each subcommand; where none is named, the audit is meant."""

from __future__ import annotations

from bigmodel_cli.cli.commands.data.audit import command as audit
from bigmodel_cli.cli.groups import DefaultCommand

command = DefaultCommand(name="data", package=__name__, default=audit)
