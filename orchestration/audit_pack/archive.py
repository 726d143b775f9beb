"""The archive of a pack: a zip file with the same bytes for the same content, read without trusting it."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from orchestration.audit_pack.errors import PackError

MANIFEST, SIGNATURE, TIMESTAMP = "manifest.json", "manifest.json.sig", "manifest.json.sig.tsr"
MAX_MANIFEST_BYTES = 16 * 2**20
_CHUNK = 2**20
# The earliest time that the format has: the archive does not say when it was made, the manifest does.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive of the files, by name: in order of names, without times."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as written:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(entry, content)
    return archive.getvalue()


class PackedFiles:
    """The files of a pack. Nothing is unpacked to a disk, and nothing is read beyond what the manifest allows."""

    def __init__(self, path: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(path)
        except OSError as error:
            raise PackError(
                f"Cannot read {path}: {error.strerror}. Choose a pack that `make audit-pack` wrote."
            ) from None
        except (zipfile.BadZipFile, ValueError):
            raise PackError(
                f"{path} is not a zip archive, or part of it is missing. Ask for the pack again."
            ) from None
        self.names = [entry.filename for entry in self._archive.infolist()]

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()

    def read(self, name: str, limit: int) -> bytes | None:
        """The content of a file; None where it is missing, unreadable or longer than the limit."""
        try:
            with self._archive.open(name) as file:
                content = file.read(limit + 1)
        except (KeyError, *_UNREADABLE):
            return None
        return content if len(content) <= limit else None

    def sha256(self, name: str, byte_count: int) -> str | None:
        """SHA-256 (hex) of a file; None if it is unreadable or has another size."""
        digest, read_count = hashlib.sha256(), 0
        try:
            with self._archive.open(name) as file:
                while chunk := file.read(_CHUNK):
                    read_count += len(chunk)
                    if read_count > byte_count:
                        return None
                    digest.update(chunk)
        except (KeyError, *_UNREADABLE):
            return None
        return digest.hexdigest() if read_count == byte_count else None
