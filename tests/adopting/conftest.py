"""The gallery's models, each trained and saved by its script and adopted once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from adopted import Adopted, command
from gallery import GALLERY, Example

from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.run_folder import RunFolder


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Example]:
    """The scripts' models by name, each made when it is asked for first."""
    made: dict[str, Example] = {}

    def of(name: str) -> Example:
        if name not in made:
            made[name] = GALLERY[name](tmp_path_factory.mktemp(name))
        return made[name]

    return of


@pytest.fixture(scope="session")
def adopted(
    gallery: Callable[[str], Example], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Adopted]:
    """The runs that became of them; tests add exports alone."""
    runs, made = tmp_path_factory.mktemp("adopted"), dict[str, Adopted]()

    def of(name: str) -> Adopted:
        if name not in made:
            example = gallery(name)
            words = ["--data", example.data, *example.words, "--name", name, "--runs-dir", runs]
            code, out, err = command("adopt", example.model, *words, "--json", "--plain")
            assert code == 0, err
            document = json.loads(out)
            made[name] = Adopted(example, open_folder(RunFolder(Path(document["run"]))), err, document)
        return made[name]

    return of
