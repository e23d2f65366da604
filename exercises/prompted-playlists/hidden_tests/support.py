"""Random catalogues with fixed seeds, and the command line as a listener uses it."""

import csv
import random
import subprocess
import sys
from pathlib import Path

from playlists import Track

ARTISTS = ["Ash", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel"]
TAGS = ["workout", "dinner", "focus", "party", "driving"]


def some_track(number, **fields):
    values = {
        "id": f"n{number:03}",
        "title": f"Song {number}",
        "artist": f"Artist {number}",
        "guests": (),
        "year": 1995,
        "seconds": 240,
        "energy": 5,
        "explicit": False,
        "tags": frozenset(),
    }
    return Track(**{**values, **fields})


def catalogue(seed, size=40):
    """Tracks of a few artists, some as guests, some explicit, some in several versions; ids in random order."""
    rng = random.Random(seed)
    tracks = []
    for number in rng.sample(range(1000), size):
        artist, guest = rng.sample(ARTISTS, 2)
        name = f"Song {rng.randrange(size * 2)}"
        tracks.append(
            some_track(
                number,
                title=name + rng.choice(["", "", " (Live)", " (Remastered 2011)", " - 2009 Remaster"]),
                artist=artist,
                guests=(guest,) if rng.random() < 0.3 else (),
                year=rng.randrange(1980, 2020),
                seconds=rng.randrange(100, 600),
                energy=rng.randrange(1, 11),
                explicit=rng.random() < 0.3,
                tags=frozenset(rng.sample(TAGS, rng.randrange(3))),
            )
        )
    return tracks


def plain_catalogue(seed, size=30):
    """Tracks that no rule but the length keeps apart: all artists and songs differ, nothing is explicit."""
    rng = random.Random(seed)
    return [some_track(number, seconds=rng.randrange(60, 900), energy=rng.randrange(1, 11)) for number in range(size)]


def song(track):
    """Artist and title without the version."""
    return track.artist.lower(), track.title.split(" (")[0].split(" - ")[0].lower()


def total(playlist):
    return sum(track.seconds for track in playlist)


def ids(playlist):
    return [track.id for track in playlist]


def save(tracks, path: Path) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "artist", "guests", "year", "seconds", "energy", "explicit", "tags"])
        for track in tracks:
            writer.writerow(
                [
                    track.id,
                    track.title,
                    track.artist,
                    ";".join(track.guests),
                    track.year,
                    track.seconds,
                    track.energy,
                    "yes" if track.explicit else "no",
                    ";".join(sorted(track.tags)),
                ]
            )
    return path


def cli(*arguments):
    """Run the command line in its own process: a CompletedProcess with text output."""
    return subprocess.run(
        [sys.executable, "-m", "playlists", *arguments], capture_output=True, text=True, timeout=20, check=False
    )
