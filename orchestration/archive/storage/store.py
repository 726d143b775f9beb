"""The archive's storage: a directory or an S3-compatible store behind one interface.

Writes are atomic, and the size of each file is checked after it was written. Every error is an `ArchiveError`.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.fs as pafs

from orchestration.archive.errors import ArchiveError
from orchestration.archive.storage.names import require_name
from orchestration.durable_files import sync

# Threads. Requests for small files mostly wait.
_THREADS = 8
_CHUNK_BYTES = 8 * 2**20
# Streams are opened with `compression=None`: by default a name that ends in .gz is compressed once more.
_TIMEOUT_SECONDS = 60
_ATTEMPTS = 4

# By error code of the S3 client: what is wrong, and what to do.
_ADVICE = {
    "NO_SUCH_BUCKET": "There is no such bucket. Create it, or correct {setting}",
    "ACCESS_DENIED": "Access is denied. Check the key; it needs s3:ListBucket, s3:GetObject, s3:PutObject",
    "SIGNATURE_DOES_NOT_MATCH": "The secret does not belong to the key. Correct AWS_SECRET_ACCESS_KEY",
    "INVALID_ACCESS_KEY_ID": "The store does not know the key. Correct AWS_ACCESS_KEY_ID",
    "EXPIRED_TOKEN": "The key has expired. Get a new one",
    "NETWORK_CONNECTION": "The store cannot be reached. Check AWS_ENDPOINT_URL and the network",
}


class Store:
    """Files by name, relative to the root of the archive.

    `place`: what messages call the archive; `setting`: the variable that names it.
    """

    def __init__(self, place: str, filesystem: pafs.FileSystem, root: str, setting: str = "ARCHIVE_PATH") -> None:
        self.place = place
        self._setting = setting
        self._filesystem = filesystem
        self._root = root
        self.is_local = isinstance(filesystem, pafs.LocalFileSystem)

    def put(self, files: Mapping[str, Path]) -> None:
        """Store local files under these names, replacing what has the name.

        Raises:
            ArchiveError: one of them cannot be stored.
        """
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._put, files, files.values()))

    def read(self, name: str) -> bytes:
        """The content of a small file.

        Raises:
            ArchiveError: it is missing, or cannot be read.
        """
        with self._opened(name) as stream:
            return stream.read()

    def sha256(self, name: str) -> str:
        """SHA-256 (hex) of the content of a file.

        Raises:
            ArchiveError: it is missing, or cannot be read.
        """
        digest = hashlib.sha256()
        with self._opened(name) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()

    def fetch(self, names: Mapping[str, Path]) -> None:
        """Copy files to these local paths.

        Raises:
            ArchiveError: one of them is missing, or cannot be read.
        """
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._fetch, names, names.values()))

    def sizes(self, directory: str) -> dict[str, int]:
        """Names and sizes in bytes of all files under a directory; empty if there is none.

        Raises:
            ArchiveError: the store cannot be read.
        """
        with self._archive_errors(directory):
            try:
                # `allow_not_found` would report a missing bucket as an empty one.
                infos = self._filesystem.get_file_info(pafs.FileSelector(self._at(directory), recursive=True))
            except FileNotFoundError:
                return {}
        return {info.path[len(self._root) + 1 :]: info.size for info in infos if info.type == pafs.FileType.File}

    def delete(self, names: list[str]) -> None:
        """Delete files.

        Raises:
            ArchiveError: one of them cannot be deleted.
        """
        for name in names:
            with self._archive_errors(name):
                self._filesystem.delete_file(self._at(name))
            if self.is_local:
                with suppress(OSError):
                    Path(self._at(name)).parent.rmdir()

    def url(self, name: str) -> str:
        """The path or URL of a file, for DuckDB."""
        return f"{self.place}/{require_name(name)}"

    def _at(self, name: str) -> str:
        return f"{self._root}/{require_name(name)}"

    def _put(self, name: str, file: Path) -> None:
        with self._archive_errors(name):
            if self.is_local:
                _copy_durably(file, Path(self._at(name)))
            else:
                with (
                    file.open("rb") as source,
                    self._filesystem.open_output_stream(self._at(name), compression=None) as target,
                ):
                    shutil.copyfileobj(source, target, _CHUNK_BYTES)
            stored = self._filesystem.get_file_info(self._at(name)).size
        size = file.stat().st_size
        if stored != size:
            raise ArchiveError(
                f"{self.place} stored {stored} bytes of {name}, which has {size}. If the store does not support "
                "the checksums that newer clients send, set AWS_REQUEST_CHECKSUM_CALCULATION=when_required."
            )

    def _fetch(self, name: str, file: Path) -> None:
        with self._opened(name) as source, file.open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK_BYTES)

    @contextmanager
    def _opened(self, name: str) -> Iterator[pa.NativeFile]:
        with (
            self._archive_errors(name),
            self._filesystem.open_input_stream(self._at(name), compression=None) as stream,
        ):
            yield stream

    @contextmanager
    def _archive_errors(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise ArchiveError(
                f"{self.place} has no {name}. Check {self._setting}, or restore the file."
            ) from None
        except OSError as error:
            reason = error.strerror or str(error).splitlines()[0]
            advice = next((advice for code, advice in _ADVICE.items() if code in reason), None)
            advice = (advice or f"{reason}. Check {{setting}}").replace("{setting}", self._setting)
            raise ArchiveError(f"{name} in {self.place}: {advice}.") from None


def open_store(
    place: str, endpoint: str | None = None, region: str | None = None, setting: str = "ARCHIVE_PATH"
) -> Store:
    """Open the archive at `place`: a directory, which is created if missing, or `s3://bucket/prefix`.

    `setting` is the variable that names the place, for messages.

    Raises:
        ArchiveError: the directory cannot be created, or the store's client cannot be configured.
    """
    if not place.startswith("s3://"):
        try:
            Path(place).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArchiveError(f"Cannot create {place}: {error.strerror}. Check {setting}.") from None
        return Store(place, pafs.LocalFileSystem(), place, setting)
    try:
        filesystem = s3_filesystem(endpoint, region)
    except (OSError, pa.ArrowException) as error:
        raise ArchiveError(f"Cannot reach {place}: {str(error).splitlines()[0]}") from None
    return Store(place, filesystem, place.removeprefix("s3://"), setting)


def s3_filesystem(endpoint: str | None, region: str | None) -> pafs.S3FileSystem:
    """The client of a store. It finds its keys the way AWS clients do (environment, profile, instance role)."""
    address = urlsplit(endpoint or "https://")
    return pafs.S3FileSystem(
        scheme=address.scheme,
        endpoint_override=address.netloc + address.path or None,
        region=region,
        connect_timeout=_TIMEOUT_SECONDS,
        request_timeout=_TIMEOUT_SECONDS,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
        # Saves two of three requests for a small file.
        allow_delayed_open=True,
    )


def _copy_durably(file: Path, target: Path) -> None:
    """Copy atomically: after a crash the target is the whole file or the old one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    shutil.copyfile(file, draft)
    sync(draft)
    os.replace(draft, target)
    sync(target.parent)
