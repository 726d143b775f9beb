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
    it.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    it.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes any free one (default)")
    it.add_argument(
        "--activities",
        type=int,
        default=20_000,
        metavar="N",
        help=f"size of the history, from {MIN_SIZE} (default: 20000)",
    )
    it.add_argument("--seed", type=int, default=1, help="same seed, same history (default: 1)")
    it.add_argument("--live", action="store_true", help="add new activities while it runs")
    it.add_argument(
        "--rate",
        type=_rate,
        default=30.0,
        metavar="N/min",
        help="new activities per minute, with --live (default: 30/min)",
    )
    it.add_argument(
        "--latency", type=float, default=0.0, metavar="MS", help="milliseconds added to every response"
    )
    it.add_argument(
        "--requests-per-minute",
        type=int,
        default=600,
        metavar="N",
        help="rate limit of the organization; 0 is no limit (default: 600)",
    )
    it.add_argument(
        "--index-delay",
        type=float,
        default=1.0,
        metavar="S",
        help="seconds until a new activity is visible (default: 1)",
    )
    it.add_argument(
        "--no-own-reads", action="store_true", help="reads do not add a compliance_api_accessed activity"
    )
    it.add_argument(
        "--cache",
        type=Path,
        default=None,
        metavar="DIR",
        help=f"cache of rendered histories (default: {default_cache()})",
    )
    it.add_argument("--key", default=COMPLIANCE_KEY, help="the compliance key to accept (default: %(default)s)")
    it.add_argument("--directory", action="store_true", help="also serve the directory of the organization")
    it.add_argument(
        "--big-directory",
        action="store_true",
        help="also serve a directory of 5,000 members, 200 groups, 100 workspaces and 2,000 keys",
    )
    it.add_argument(
        "--admin-requests-per-minute",
        type=int,
        default=100,
        metavar="N",
        help="rate limit of the Admin API; 0 is no limit (default: 100)",
    )
    it.add_argument("--print-url", action="store_true", help="print one line with the address when ready")
    it.add_argument(
        "--exit-with-parent", action="store_true", help="stop when the process that started this is gone"
    )
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
