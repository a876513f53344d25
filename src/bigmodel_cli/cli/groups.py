"""Groups of commands that are found by their files."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import click


class CommandFiles(click.Group):
    """A group whose commands are the modules of a package, each with a click command named `command`.

    Args:
        package: The package's full name; modules whose names begin with `_` are none.
        settings: As for `click.Group`.
    """

    def __init__(self, *, package: str, **settings: Any) -> None:
        super().__init__(**settings)
        self._package = package

    def list_commands(self, _context: click.Context) -> list[str]:
        places = importlib.import_module(self._package).__path__
        names = (module.name for module in pkgutil.iter_modules(places))
        return sorted(name for name in names if not name.startswith("_"))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        command = importlib.import_module(f"{self._package}.{name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from bigmodel_cli.config.spelling import closest

        names = self.list_commands(context)
        if args and args[0] not in names and not args[0].startswith("-"):
            near = closest(args[0], names)
            hint = f"did you mean {near}?" if near else f"commands: {', '.join(names)}"
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}", context)
        return super().resolve_command(context, args)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except BrokenPipeError as error:
            # By its number click would take it for a failure, and exit with 1.
            raise BrokenPipeError from error


class DefaultCommand(CommandFiles):
    """A group in which one command is meant where none is named; its help is that command's.

    Args:
        package: As for `CommandFiles`.
        default: The command.
        settings: As for `click.Group`.
    """

    def __init__(self, *, package: str, default: click.Command, **settings: Any) -> None:
        # Everything behind the group's name is for the command: its options, and `--help`.
        context = {"ignore_unknown_options": True, "allow_interspersed_args": False}
        super().__init__(
            package=package,
            help=default.help,
            epilog=default.epilog,
            add_help_option=False,
            context_settings=context,
            **settings,
        )
        self._default = default

    def get_help(self, context: click.Context) -> str:
        return self._default.get_help(context)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(context)
        if args[0] not in names:
            args = [next(name for name in names if self.get_command(context, name) is self._default), *args]
        return super().resolve_command(context, args)
