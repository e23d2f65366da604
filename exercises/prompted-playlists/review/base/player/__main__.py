"""The command line: ``python3 -m player add "Night Ferry" "Mira Vale" 254``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from player import store
from player.models import Track
from player.queue import Queue


def main(argv: list[str] | None = None) -> int:
    """Do one thing with the queue; the result is the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m player", description="A queue of tracks.")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the queue is kept")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="let a track wait")
    add.add_argument("title")
    add.add_argument("artist")
    add.add_argument("seconds", type=int)
    add.add_argument("--soon", action="store_true", help="right behind the one that plays")
    commands.add_parser("list", help="show what waits")
    commands.add_parser("next", help="go on to the next track")
    args = parser.parse_args(argv)

    path = args.folder / "queue.json"
    try:
        queue = store.load(path)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if args.command == "add":
        id = f"{args.artist} - {args.title}".lower()
        queue.add(Track(id, args.title, args.artist, args.seconds), args.soon)
    elif args.command == "next":
        queue.next()
    else:
        show(queue)
    store.save(queue, path)
    return 0


def show(queue: Queue) -> None:
    """Print what waits, and how long it takes."""
    for number, track in enumerate(queue.waiting, start=1):
        print(f"{number:2}. {track.title} by {track.artist}, {clock(track.seconds)}")
    print(f"Total {clock(queue.seconds())}")


def clock(seconds: int) -> str:
    """Minutes and seconds, as 4:05."""
    return f"{seconds // 60}:{seconds % 60:02}"


if __name__ == "__main__":
    sys.exit(main())
