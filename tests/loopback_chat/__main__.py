"""``python -m tests.loopback_chat --port 0 --script NAME``: print the address, then answer until the input ends or Ctrl+C."""

from __future__ import annotations

import argparse
import signal
import threading

from tests.loopback_chat.script import names
from tests.loopback_chat.server import ChatLoopback


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", choices=names(), required=True)
    chosen = parser.parse_args()
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with ChatLoopback(chosen.script, chosen.port) as loopback:
        print(loopback.base, flush=True)
        over.wait()


if __name__ == "__main__":
    main()
