"""Random catalogues with fixed seeds, and playlists as the program under test makes them."""

import csv
import io
import random

ARTISTS = ["Ash", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel"]
TAGS = ["workout", "dinner", "focus", "party", "driving"]


def some_track(number, **fields):
    values = {
        "id": f"n{number:03}",
        "title": f"Song {number}",
        "artist": f"Artist {number}",
        "guests": [],
        "year": 1995,
        "seconds": 240,
        "energy": 5,
        "explicit": False,
        "tags": [],
    }
    return {**values, **fields}


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
                guests=[guest] if rng.random() < 0.3 else [],
                year=rng.randrange(1980, 2020),
                seconds=rng.randrange(100, 600),
                energy=rng.randrange(1, 11),
                explicit=rng.random() < 0.3,
                tags=rng.sample(TAGS, rng.randrange(3)),
            )
        )
    return tracks


def plain_catalogue(seed, size=30):
    """Tracks that no rule but the length keeps apart: all artists and songs differ, nothing is explicit."""
    rng = random.Random(seed)
    return [some_track(number, seconds=rng.randrange(60, 900), energy=rng.randrange(1, 11)) for number in range(size)]


def playlists(candidate, asked):
    """The tracks of a playlist for each of ``asked`` (text, tracks and perhaps seed), all made in one process.

    An id that is in no catalogue is a KeyError.
    """
    asked = list(asked)
    for (_, tracks, *_), answer in zip(asked, candidate.calls("drive:make", asked), strict=True):
        known = {track["id"]: track for track in tracks}
        yield [known[id] for id in answer.value]


def song(track):
    """Artist and title without the version."""
    return track["artist"].lower(), track["title"].split(" (")[0].split(" - ")[0].lower()


def total(playlist):
    return sum(track["seconds"] for track in playlist)


def csv_of(tracks):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "title", "artist", "guests", "year", "seconds", "energy", "explicit", "tags"])
    for track in tracks:
        writer.writerow(
            [
                track["id"],
                track["title"],
                track["artist"],
                ";".join(track["guests"]),
                track["year"],
                track["seconds"],
                track["energy"],
                "yes" if track["explicit"] else "no",
                ";".join(sorted(track["tags"])),
            ]
        )
    return out.getvalue()
