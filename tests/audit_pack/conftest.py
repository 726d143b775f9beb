"""A pack of the built warehouse, its keys, and an authority for timestamps on loopback."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from orchestration.attestation.attest import last_month
from orchestration.audit_pack.build import Packed, Request, write_pack
from tests.http_servers import Asked, Server

WRITTEN = datetime(2026, 12, 1, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Keys:
    """A private key and its files."""

    key: Ed25519PrivateKey
    private: Path
    public: Path


def make_keys(directory: Path) -> Keys:
    """A new pair of keys, as files in the directory."""
    directory.mkdir(exist_ok=True)
    keys = Keys(Ed25519PrivateKey.generate(), directory / "pack.key", directory / "pack.pub")
    keys.private.write_bytes(keys.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    keys.public.write_bytes(keys.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return keys


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def make_pack(
    built: tuple[Path, Any], keys: Keys, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Packed]:
    """Writes the pack of the last month of the built warehouse, always at the same time."""

    def make(**changes: Any) -> Packed:
        path = built[0]
        request = Request(
            path, path.parent / "published", last_month(datetime.now(UTC).date()), keys.key, **changes
        )
        return write_pack(request, tmp_path_factory.mktemp("packs"), WRITTEN)

    return make


@pytest.fixture(scope="session")
def packed(make_pack: Callable[..., Packed]) -> Packed:
    return make_pack()


_CONFIGURATION = """
[tsa]
default_tsa = authority
[authority]
serial = {place}/serial
crypto_device = builtin
signer_cert = {place}/signer.pem
signer_key = {place}/signer.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


def _certificate(
    name: str, key: rsa.RSAPrivateKey, issuer: tuple[x509.Name, rsa.RSAPrivateKey] | None
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issued_by, signed_with = issuer or (subject, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issued_by, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(signed_with, SHA256())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a timestamp authority (openssl behind HTTP), and the file of its root certificate."""
    place = tmp_path_factory.mktemp("authority")
    root_key, signer_key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    root = _certificate("Test root", root_key, None)
    signer = _certificate("Test authority", signer_key, (root.subject, root_key))
    (place / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (place / "signer.pem").write_bytes(signer.public_bytes(Encoding.PEM))
    (place / "signer.key").write_bytes(signer_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (place / "serial").write_text("01\n")
    (place / "openssl.cnf").write_text(_CONFIGURATION.format(place=place))

    def reply(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        (place / "query.tsq").write_bytes(asked.body)
        words = ["openssl", "ts", "-reply", "-config", place / "openssl.cnf",
                 "-queryfile", place / "query.tsq", "-out", place / "answer.tsr"]  # fmt: skip
        status = 200 if subprocess.run(words, capture_output=True).returncode == 0 else 500
        return status, {}, (place / "answer.tsr").read_bytes() if asked.path == "/" else b"something else"

    with Server(reply) as server:
        yield f"http://{server.host}", place / "root.pem"
