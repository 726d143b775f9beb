"""Ed25519 signatures with a private key that is read from a file, and never printed or stored."""

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from orchestration.audit_pack.errors import PackError

_HOW_TO_MAKE = "Make one with `openssl genpkey -algorithm ed25519 -out FILE`."
_HOW_TO_EXPORT = "Name the file that `openssl pkey -in PRIVATE -pubout` wrote."


def read_private_key(path: Path | None) -> Ed25519PrivateKey:
    """The key that signs packs.

    Raises:
        PackError: none is set, or the file has no such key. It repeats nothing of the file.
    """
    if path is None:
        raise PackError(f"AUDIT_PACK_KEY_FILE is not set, so no pack can be signed. {_HOW_TO_MAKE}")
    try:
        key = load_pem_private_key(_read(path, "AUDIT_PACK_KEY_FILE"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise PackError(
            f"AUDIT_PACK_KEY_FILE names {path}, which has no private Ed25519 key without a password. "
            f"{_HOW_TO_MAKE}"
        )
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The public key that a pack is checked with.

    Raises:
        PackError: the file has no such key.
    """
    try:
        key = load_pem_public_key(_read(path, "The public key"))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise PackError(f"{path} has no public Ed25519 key. {_HOW_TO_EXPORT}")
    return key


def _read(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackError(f"{name} cannot be read from {path}: {error.strerror}. Choose another file.") from None


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 (hex) of the 32 bytes of the public key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def is_signed(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    """Whether the signature of the content is of this key."""
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
