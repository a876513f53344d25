"""What Keras does not document and training relies on, asked for so that a rename cannot pass unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.errors import BigmodelError


def relied_on(owner: Any, name: str) -> Any:
    """An attribute of one of Keras's objects or classes.

    Args:
        owner: The object, or the class.
        name: Of its attribute.

    Raises:
        BigmodelError: If this version of Keras does not have it.
    """
    try:
        return getattr(owner, name)
    except AttributeError as error:
        import keras

        kind = owner if isinstance(owner, type) else type(owner)
        raise BigmodelError(
            f"Keras {keras.__version__}: {kind.__name__} has no {name}, on which training relies",
            hint=f"pip install keras=={load_catalogue().keras_version}",
        ) from error


@contextmanager
def replaced(owner: Any, method: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """Let an object have another method of that name inside the block.

    Raises:
        BigmodelError: If it has no such method, so that nothing would call the other one.
    """
    relied_on(owner, method)
    # Another one may stand there already.
    before = vars(owner).get(method)
    setattr(owner, method, replacement)
    try:
        yield
    finally:
        if before is None:
            delattr(owner, method)
        else:
            setattr(owner, method, before)
