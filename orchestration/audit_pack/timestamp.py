"""RFC 3161 timestamps of a pack's signature, from an authority of the operator's choice. Off by default.

Only the SHA-512 of the signature is sent. Beside the time, the authority's answer proves nothing about the pack.
"""

import hashlib
from datetime import datetime
from pathlib import Path

import httpx
from cryptography.x509 import load_pem_x509_certificates
from rfc3161_client import TimestampRequestBuilder, VerificationError, VerifierBuilder, decode_timestamp_response

from orchestration.audit_pack.errors import PackError

_TIMEOUT_SECONDS = 30.0
MAX_BYTES = 2**20


def request_timestamp(url: str, signature: bytes) -> bytes:
    """The authority's answer for the signature, as DER.

    Raises:
        PackError: it did not answer with a timestamp of this signature.
    """
    request = TimestampRequestBuilder().data(signature).build()
    try:
        response = httpx.post(
            url,
            content=request.as_bytes(),
            headers={"content-type": "application/timestamp-query"},
            timeout=_TIMEOUT_SECONDS,
        )
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise PackError(
            f"The timestamp authority at {url} did not answer ({type(error).__name__}), so no pack was written. "
            "Try again, or unset AUDIT_PACK_TIMESTAMP_URL."
        ) from None
    if timestamped_at(response.content, signature) is None:
        raise PackError(
            f"The timestamp authority at {url} answered with something other than a timestamp of this pack, so no "
            "pack was written. Check AUDIT_PACK_TIMESTAMP_URL."
        )
    return response.content


def timestamped_at(answer: bytes, signature: bytes) -> datetime | None:
    """The time that the answer states for the signature; None if it is not a timestamp of it.

    Whose timestamp it is, `is_from` says.
    """
    try:
        stated = decode_timestamp_response(answer).tst_info
    except ValueError:
        return None
    same = hashlib.sha512(signature).digest() == stated.message_imprint.message
    return stated.gen_time if same else None


def is_from(certificates: Path, answer: bytes, signature: bytes) -> bool:
    """Whether the answer was signed under one of the authority's root certificates, which the file has as PEM.

    Raises:
        PackError: the file has no certificates.
    """
    try:
        roots = load_pem_x509_certificates(certificates.read_bytes())
    except (OSError, ValueError):
        raise PackError(
            f"{certificates} has no certificates. Give a PEM file with the authority's root certificate."
        ) from None
    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        return builder.build().verify_message(decode_timestamp_response(answer), signature)
    except (VerificationError, ValueError):
        return False
