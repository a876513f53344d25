"""`bigmodel data`: what is known of a config's data; a module for each subcommand, the audit where none is named."""

from __future__ import annotations

from bigmodel_cli.cli.commands.data.audit import command as audit
from bigmodel_cli.cli.groups import DefaultCommand

command = DefaultCommand(name="data", package=__name__, default=audit)
