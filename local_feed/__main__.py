"""The local feed as a program: `python -m local_feed`."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from local_feed.directory import Directory, big_directory
from local_feed.history import MIN_SIZE
from local_feed.history.cast import Cast
from local_feed.options import COMPLIANCE_KEY, Options, build_directory, build_feed, default_cache
from local_feed.serving.running import QuietServer, listen, server_for

_PARENT_CHECK_SECONDS = 0.5


def parser() -> argparse.ArgumentParser:
    """The command line."""
    it = argparse.ArgumentParser(
        prog="python -m local_feed", description="A local Activity Feed over a made-up organization."
    )
    for name, kind, default, metavar, text in (
        ("host", str, "127.0.0.1", "ADDRESS", "address to listen on"),
        ("port", int, 0, "PORT", "port to listen on; 0 takes any free one"),
        ("activities", int, 20_000, "N", f"size of the history, from {MIN_SIZE}"),
        ("seed", int, 1, "N", "same seed, same history"),
        ("rate", _rate, "30/min", "N/min", "new activities per minute, with --live"),
        ("latency", float, 0.0, "MS", "milliseconds added to every response"),
        ("requests-per-minute", int, 600, "N", "rate limit of the organization; 0 is no limit"),
        ("admin-requests-per-minute", int, 100, "N", "rate limit of the Admin API; 0 is no limit"),
        ("index-delay", float, 1.0, "S", "seconds until a new activity is visible"),
        ("cache", Path, default_cache(), "DIR", "cache of rendered histories"),
        ("key", str, COMPLIANCE_KEY, "KEY", "the compliance key to accept"),
    ):
        it.add_argument(
            f"--{name}", type=kind, default=default, metavar=metavar, help=f"{text} (default: %(default)s)"
        )
    for name, text in (
        ("live", "add new activities while it runs"),
        ("no-own-reads", "reads do not add a compliance_api_accessed activity"),
        ("directory", "also serve the directory of the organization"),
        ("big-directory", "also serve a directory of 5,000 members, 200 groups, 100 workspaces and 2,000 keys"),
        ("print-url", "print one line with the address when ready"),
        ("exit-with-parent", "stop when the process that started this is gone"),
    ):
        it.add_argument(f"--{name}", action="store_true", help=text)
    return it


def _rate(text: str) -> float:
    rate = float(text.removesuffix("/min"))
    if rate <= 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return rate


async def _serve(server: QuietServer, arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    parent = os.getppid()
    with listen(arguments.host, arguments.port) as socket:
        serving = asyncio.ensure_future(server.serve(sockets=[socket]))
        if arguments.print_url:
            host, port = socket.getsockname()[:2]
            print(f"listening on http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)
        while not serving.done():
            if arguments.exit_with_parent and os.getppid() != parent:
                server.stop()
            await asyncio.wait([serving], timeout=_PARENT_CHECK_SECONDS)
        serving.result()


def _directory(arguments: argparse.Namespace) -> Directory | bool:
    return (
        big_directory(Cast(arguments.seed).organizations[:2]) if arguments.big_directory else arguments.directory
    )


def main() -> int:
    """Serve until stopped. Returns exit status 0, or 2 with a message if it cannot start."""
    arguments = parser().parse_args()
    options = Options(
        size=arguments.activities,
        seed=arguments.seed,
        cache=arguments.cache,
        own_reads=not arguments.no_own_reads,
        index_delay=arguments.index_delay,
        requests_per_minute=arguments.requests_per_minute or None,
        live_per_minute=arguments.rate if arguments.live else 0.0,
        latency=arguments.latency / 1000,
        key=arguments.key,
        directory=_directory(arguments),
        admin_requests_per_minute=arguments.admin_requests_per_minute or None,
    )
    try:
        feed = build_feed(options)
        server = server_for(feed, options.latency, build_directory(options, feed))
        asyncio.run(_serve(server, arguments))
    except (OSError, ValueError) as error:
        print(f"local_feed: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
