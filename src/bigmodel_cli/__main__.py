"""`python -m bigmodel_cli` is `bigmodel`."""

from bigmodel_cli.cli.main import main

main()
