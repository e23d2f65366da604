"""The command line: ``python3 -m player add "Night Ferry" "Mira Vale" 254``."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from player import store
from player.models import Track
from player.queue import Queue


def main(argv: list[str] | None = None) -> int:
    """Do one thing with the queue; the result is the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m player", description="A queue of tracks.")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the queue is kept")
    parser.add_argument("--profile", default="queue", help="whose queue it is")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="let a track wait")
    add.add_argument("title")
    add.add_argument("artist")
    add.add_argument("seconds", type=int)
    add.add_argument("--soon", action="store_true", help="right behind the one that plays")
    commands.add_parser("list", help="show what waits")
    after = commands.add_parser("next", help="go on to the next track")
    after.add_argument("--heard", type=int, help="seconds that were listened to; all of it where not given")
    history = commands.add_parser("history", help="show what was played, the newest first")
    history.add_argument("--csv", action="store_true", help="as a table for a spreadsheet")
    args = parser.parse_args(argv)

    try:
        path = store.file_of(args.folder, args.profile)
        queue = store.load(path)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if args.command == "add":
        id = f"{args.artist} - {args.title}".lower()
        queue.add(Track(id, args.title, args.artist, args.seconds), args.soon)
    elif args.command == "next":
        queue.next(args.heard)
    elif args.command == "history":
        show_history(queue, args.csv)
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


def show_history(queue: Queue, table: bool) -> None:
    """Print what was played, the newest first."""
    rows = [(play.track.title, play.track.artist, play.heard) for play in reversed(queue.history)]
    if table:
        csv.writer(sys.stdout, lineterminator="\n").writerows([("title", "artist", "heard"), *rows])
        return
    for title, artist, heard in rows:
        print(f"{title} by {artist}, {clock(heard)}")


if __name__ == "__main__":
    sys.exit(main())
