"""Downloads of public data sets into Keras's own cache, so that a copy that Keras fetched is used."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from bigmodel_cli.errors import BigmodelError, DataError, ResourceError
from bigmodel_cli.network import Offline, keras_home
from bigmodel_cli.plain_numbers import plain_integer
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.whole_files import NO_ROOM, sha256_of

if TYPE_CHECKING:
    import http.client

CHUNK_BYTES = 2**18
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be downloaded, what its bytes must be, and where Keras keeps it.

    Attributes:
        source_name: The data source that it belongs to.
        url: Where it is.
        sha256: What its content must be.
        cache_name: Its path below the `datasets` folder of Keras's home.
    """

    source_name: str
    url: str
    sha256: str
    cache_name: str

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def cached(self) -> Path:
        return keras_home() / "datasets" / self.cache_name


def fetch(file: RemoteFile, context: LoadContext) -> Path:
    """The cached copy of a file, downloaded first where there is none or a damaged one.

    Raises:
        DataError: If it cannot be downloaded; says which file to put where.
        ResourceError: If the disk is full.
    """
    target = file.cached
    damaged = target.is_file() and sha256_of(target) != file.sha256
    if target.is_file() and not damaged:
        return target
    if context.offline:
        state = "is damaged (its sha256 is wrong)" if damaged else "is not there"
        raise Offline(
            f"{file.source_name}: {target} {state}, and downloads are off (offline)", hint=_by_hand(file)
        )
    with _temporary_beside(target, file) as stream:
        _transfer(file, stream, context)
    return target


def _by_hand(file: RemoteFile) -> str:
    return (
        f"download {file.url} where there is a network and save it as {file.cached}, "
        f"or name a copy in the config: {{{file.source_name}: {{path: …}}}}"
    )


def _failure(file: RemoteFile, reason: object) -> DataError:
    return DataError(f"{file.source_name}: cannot download {file.url}: {reason}", hint=_by_hand(file))


@contextmanager
def _temporary_beside(target: Path, file: RemoteFile) -> Iterator[IO[bytes]]:
    """A file that takes `target`'s place when the block ends well, and is removed when it does not."""
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as stream:
            yield stream
        part.replace(target)
    except OSError as error:
        raise _not_written(file, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _not_written(file: RemoteFile, error: OSError) -> BigmodelError:
    if error.errno in NO_ROOM:
        return ResourceError(
            f"{file.source_name}: no space left for {file.cached}",
            hint="free some space, or let KERAS_HOME name a folder on another disk",
        )
    return DataError(
        f"{file.source_name}: cannot write {file.cached}: {error.strerror or error}",
        hint="let KERAS_HOME name a folder that can be written, or name a copy in the config: "
        f"{{{file.source_name}: {{path: …}}}}",
    )


def _transfer(file: RemoteFile, stream: IO[bytes], context: LoadContext) -> None:
    """Copy the remote file into `stream` and check that it is whole and the right one."""
    digest = hashlib.sha256()
    done = 0
    with _response(file) as response:
        length = response.headers.get("Content-Length")
        total = plain_integer(length or "")
        context.progress(file.name, 0, total)
        while chunk := _read(response, file):
            stream.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            context.progress(file.name, done, total)
    if total is not None and done < total:
        raise _failure(file, f"the transfer ended after {done:,} of {total:,} bytes; try again")
    if digest.hexdigest() != file.sha256:
        raise _failure(file, f"its sha256 is {digest.hexdigest()}, expected {file.sha256}")


def _response(file: RemoteFile) -> http.client.HTTPResponse:
    # Imported here since every command loads this module, and few download.
    import http.client
    import urllib.error
    import urllib.request

    try:
        # The address is a constant of a source module, never a user's.
        response: http.client.HTTPResponse = urllib.request.urlopen(file.url, timeout=TIMEOUT_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        with error:
            raise _failure(file, f"the server answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _failure(file, error.reason) from error
    except (OSError, http.client.HTTPException) as error:
        raise _failure(file, error or type(error).__name__) from error
    return response


def _read(response: http.client.HTTPResponse, file: RemoteFile) -> bytes:
    """The next bytes; a connection that breaks is told apart from a disk that is full."""
    import http.client

    try:
        return response.read(CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise _failure(file, f"the connection broke ({error or type(error).__name__}); try again") from error
