"""`bigmodel completion`."""

from __future__ import annotations

import click

from bigmodel_cli.cli.options import example

_WHERE = {
    "bash": "~/.bashrc",
    "zsh": "~/.zshrc",
    "fish": "~/.config/fish/completions/bigmodel.fish",
}


@click.command(epilog=example('eval "$(bigmodel completion bash)"', "bigmodel completion fish"))
@click.argument("shell", type=click.Choice(sorted(_WHERE)))
def command(shell: str) -> None:
    """Print the script that makes a shell complete commands, configs, keys and runs.

    For bash and zsh, put the first line of the example (with your shell's name) into ~/.bashrc or
    ~/.zshrc; for fish, write the script to ~/.config/fish/completions/bigmodel.fish.
    """
    from click.shell_completion import get_completion_class

    from bigmodel_cli.cli.main import bigmodel
    from bigmodel_cli.cli.output import note

    completion = get_completion_class(shell)
    assert completion is not None
    click.echo(completion(bigmodel, {}, "bigmodel", "_BIGMODEL_COMPLETE").source())
    note(f"for every new shell: {_WHERE[shell]}")
