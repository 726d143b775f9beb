"""`python -m dashboards`: serves Superset with the dashboards on loopback, or exports them as a bundle."""

import argparse
import os
import sys
from pathlib import Path

from dashboards.bundle import write_zip
from dashboards.definitions import DefinitionError
from dashboards.setup import ROOT, USER, SetupError, bundle_of, prepare, published_file

HOST, PORT = "127.0.0.1", 8088


def main() -> int:
    """Serve, or write the bundle. Returns exit status 1 on an error."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help=f"set up and serve on http://{HOST}:{PORT}")
    serving.add_argument("--port", type=int, default=PORT)
    bundling = commands.add_parser("bundle", help="write the dashboards as a ZIP that any Superset imports")
    bundling.add_argument("--database-uri", help="SQLAlchemy URI of the marts for that Superset")
    bundling.add_argument(
        "--replace", action="store_true", help="for /api/v1/assets/import/, which replaces charts"
    )
    bundling.add_argument("path", type=Path)
    arguments = parser.parse_args()
    published = published_file()
    try:
        if arguments.command == "serve":
            serve(published, arguments.port)
        kind = "assets" if arguments.replace else "Dashboard"
        contents = bundle_of(published, arguments.database_uri or f"duckdb:///{published}", kind)
        write_zip(contents, arguments.path)
    except (SetupError, DefinitionError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Wrote {arguments.path}: {len(contents)} files.")
    return 0


def serve(published: Path, port: int) -> None:
    """Set up Superset, and replace this process by the server."""
    home = ROOT / "data" / "superset"
    print("Setting up Superset (about a minute) ...", flush=True)
    environment = prepare(home, published)
    print(
        f"\nSuperset: http://{HOST}:{port}/dashboard/list/\nUser {USER}, password in {home / 'password'}",
        flush=True,
    )
    os.execve(sys.executable, server_command(port), environment)


def server_command(port: int) -> list[str]:
    """The server's command. One process, so that closing a connection releases the edition that it read."""
    server = ["gunicorn", "--bind", f"{HOST}:{port}", "--workers", "1", "--threads", "8", "--timeout", "120"]
    return [sys.executable, "-m", *server, "--log-level", "warning", "superset.app:create_app()"]


if __name__ == "__main__":
    sys.exit(main())
