"""Where the client connects: certificates are checked, proxies are used, the key goes nowhere else."""

import asyncio
import datetime as dt
import ipaddress
import ssl
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from local_feed import LocalFeed
from orchestration.api.errors import FeedError, FeedUnavailable, WrongAddress
from orchestration.api.feed import FeedClient
from tests.conftest import QUICK_RETRIES
from tests.http_servers import Asked, Server

KEY = "sk-ant-api01-only-for-the-feed"
PAGE = b'{"data":[],"has_more":false}'

Received = list[tuple[str, str | None]]


@contextmanager
def server(
    received: Received, tls: ssl.SSLContext | None = None, location: Callable[[], str] | None = None
) -> Iterator[str]:
    """A server on loopback that notes what is asked, with which key; yields `host:port`."""

    def reply(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        received.append((asked.path, asked.headers.get("x-api-key")))
        if asked.method == "CONNECT":
            return 502, {}, b""
        return (302, {"location": location()}, PAGE) if location else (200, {}, PAGE)

    with Server(reply, tls) as made:
        yield made.host


def ask(url: str) -> int:
    """One page of the feed at the URL; returns how many records it has."""

    async def run() -> int:
        async with FeedClient(url, SecretStr(KEY), requests_per_minute=1_000_000, retry=QUICK_RETRIES) as client:
            return len((await client.page({"limit": "1"}, lambda receipt: None)).data)

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """The server's side of TLS, with a self-signed certificate."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "feed")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    pem.write_bytes(private + certificate.public_bytes(encoding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_a_certificate_that_cannot_be_verified_stops_at_once_and_the_key_stays_here(self_signed: ssl.SSLContext):
    received: Received = []
    with server(received, tls=self_signed) as place, pytest.raises(WrongAddress) as refused:
        ask(f"https://{place}")
    assert "certificate" in str(refused.value)
    assert "self-signed" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert received == []


def test_a_certificate_of_an_authority_that_the_environment_names_is_good(
    self_signed: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    received: Received = []
    with server(received, tls=self_signed) as place:
        assert ask(f"https://{place}") == 0
    assert [key for _, key in received] == [KEY]


def test_the_proxy_of_the_environment_is_asked_for_a_tunnel_and_does_not_see_the_key(
    monkeypatch: pytest.MonkeyPatch,
):
    received: Received = []
    with server(received) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy}")
        with pytest.raises(FeedUnavailable, match="ProxyError"):
            ask("https://feed.invalid")
    assert set(received) == {("feed.invalid:443", None)}


def test_no_proxy_is_asked_where_the_environment_says_so(
    self_signed: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    direct: Received = []
    by_proxy: Received = []
    with server(by_proxy) as proxy, server(direct, tls=self_signed) as place:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert ask(f"https://{place}") == 0
    assert (len(direct), by_proxy) == (1, [])


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_what_is_not_encrypted_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch, variable: str):
    direct: Received = []
    by_proxy: Received = []
    with server(by_proxy) as proxy, server(direct) as place:
        monkeypatch.setenv(variable, f"http://{proxy}")
        monkeypatch.setenv(variable.lower(), f"http://{proxy}")
        assert ask(f"http://{place}") == 0
    assert (len(direct), by_proxy) == (1, [])


def test_a_redirect_is_refused_and_the_key_is_sent_to_nobody_else():
    elsewhere: Received = []
    received: Received = []
    with (
        server(elsewhere) as other,
        server(received, location=lambda: f"http://{other}/v1/compliance/activities") as place,
        pytest.raises(WrongAddress),
    ):
        ask(f"http://{place}")
    assert ([key for _, key in received], elsewhere) == ([KEY], [])


@pytest.mark.parametrize("status", [200, 302, 401, 422, 503])
def test_an_error_does_not_show_the_key_even_with_its_local_variables(status: int):
    echo = f'{{"error":{{"type":"{KEY}","message":"{KEY}"}}}}'
    with LocalFeed(records=[], key=KEY) as feed:
        feed.faults.add("body", status=status, body=echo, times=0)
        with pytest.raises(FeedError) as raised:
            ask(feed.url)
    trace = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    ours = [frame for frame in trace.stack if "orchestration" in Path(frame.filename).parts]
    assert len(ours) >= 1
    assert KEY not in str([(frame.line, frame.locals) for frame in ours]) + str(raised.value)
    assert KEY not in repr(FeedClient(feed.url, SecretStr(KEY), requests_per_minute=1))
