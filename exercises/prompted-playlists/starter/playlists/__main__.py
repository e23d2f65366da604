"""The command line: ``python3 -m playlists "calm 90s for dinner, 1 hour"``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playlists.builder import make_playlist
from playlists.catalogue import BUNDLED, load_catalogue


def main(argv: list[str] | None = None) -> int:
    """Print a playlist; the result is the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m playlists", description="A playlist from your own words.")
    parser.add_argument("request", help='what you would like to hear, such as "upbeat 80s for running, 45 minutes"')
    parser.add_argument("--catalogue", type=Path, default=BUNDLED, help="a CSV file of tracks")
    args = parser.parse_args(argv)

    playlist = make_playlist(args.request, load_catalogue(args.catalogue))
    for number, track in enumerate(playlist, start=1):
        print(f"{number:2}. {track.title} by {track.artist} ({clock(track.seconds)})")
    print(f"Total {clock(sum(track.seconds for track in playlist))}")
    return 0


def clock(seconds: int) -> str:
    """Minutes and seconds, as 4:05."""
    return f"{seconds // 60}:{seconds % 60:02}"


if __name__ == "__main__":
    sys.exit(main())
