"""Does what a newcomer does: `make run`, open the candidate's link, stop.

Owns that one walk over a checkout. Invariant: whatever happens, nothing it started is left running. Leaves out what the page
holds; ``tests/browser`` plays a whole interview. Standard library only: it runs before anything is installed.

Example: python3 scripts/smoke.py
"""

from __future__ import annotations

import argparse
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"https?://127\.0\.0\.1:\d+/\S+")
ENDED = None


def read_lines(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.put(line)
    lines.put(ENDED)


def wait_for_link(lines: queue.Queue[str | None], seconds: float) -> str | None:
    """The first link printed, or ``None`` when the program ended or time ran out."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=left)
        except queue.Empty:
            return None
        if line is ENDED:
            return None
        if found := LINK.search(line):
            return found[0]
    return None


def fetch(link: str) -> tuple[int, str]:
    """Status and page as a browser gets them: cookies kept over redirects, and no proxy, for the link is this machine's own."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
    try:
        with opener.open(link, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def stop(process: subprocess.Popen[str]) -> int:
    """Stop as Ctrl-C does; the whole group, so that make's children hear it too. Returns the exit code."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            print("Expected it to stop within 30 s of Ctrl-C, got no end", file=sys.stderr)
            process.wait()
            return 1
    return process.returncode


def main() -> int:
    parser = argparse.ArgumentParser(prog="smoke.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="port to start on (default: a free one)")
    parser.add_argument("--timeout", type=float, default=900, help="seconds for set-up and start (default: 900)")
    arguments = parser.parse_args()

    process = subprocess.Popen(
        ["make", "run", f"ARGS=--port {arguments.port}"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=read_lines, args=(process, lines), daemon=True).start()
    try:
        link = wait_for_link(lines, arguments.timeout)
        if link is None:
            print(f"Expected `make run` to print a link within {arguments.timeout:.0f} s, got none", file=sys.stderr)
            return 1
        status, page = fetch(link)
        if status != 200 or "</html>" not in page:
            print(f"Expected a page at {link}, got status {status}: {page[:300]}", file=sys.stderr)
            return 1
        print(f"{link} answers with a page of {len(page)} characters")
    finally:
        code = stop(process)
    # make itself reports the interrupt with 2 or dies of the signal; anything else is a crash.
    if code not in (0, 2, 130, -signal.SIGINT):
        print(f"Expected a clean stop, got exit code {code}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
