"""``python -m tests.loopback --port 0 --script NAME``: print the address, then answer until Ctrl+C, or until whoever started it
is gone."""

from __future__ import annotations

import argparse
import os
import signal
import threading

from tests.loopback.script import names
from tests.loopback.server import Loopback


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", required=True, help=f"{', '.join(names())}, or a file of that form (.yaml)")
    chosen = parser.parse_args()
    over, starter = threading.Event(), os.getppid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with Loopback(chosen.script, chosen.port) as loopback:
        print(loopback.address, flush=True)
        while not over.wait(1) and os.getppid() == starter:
            pass


if __name__ == "__main__":
    main()
