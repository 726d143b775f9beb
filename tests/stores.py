"""An S3-compatible store on loopback that checks signatures, and the environment that reaches it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from nanio.app import build_app
from nanio.auth.credentials import StaticCredentialResolver
from nanio.config import Settings

KEY, SECRET = "archivist", "secret"


@contextmanager
def serving(buckets: Path) -> Iterator[str]:
    """The address of a store of the directory with its buckets; one is `bucket`."""
    (buckets / "bucket").mkdir()
    app = build_app(Settings(data_dir=buckets, credentials=StaticCredentialResolver({KEY: SECRET})))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        running = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not running.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        running.should_exit = True
        thread.join(5)


def environment_of(url: str) -> dict[str, str]:
    """What the store's client reads."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        # This store does not support the checksums of newer clients.
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
