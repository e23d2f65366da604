"""Reading the catalogue, one track a line of a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path

from playlists.models import Track

BUNDLED = Path(__file__).with_name("catalogue.csv")


def load_catalogue(path: Path = BUNDLED) -> list[Track]:
    """Read the tracks of a catalogue, in the file's order.

    Raises ValueError, with the line number, for a line that is not a track.
    """
    tracks = []
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                tracks.append(track_from(row))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path.name}, line {number}: not a track ({error})") from error
    return tracks


def track_from(row: dict[str, str]) -> Track:
    """A track from one line; lists inside a field are separated by semicolons."""
    return Track(
        id=row["id"],
        title=row["title"],
        artist=row["artist"],
        guests=tuple(split(row["guests"])),
        year=int(row["year"]),
        seconds=int(row["seconds"]),
        energy=int(row["energy"]),
        explicit=row["explicit"] == "yes",
        tags=frozenset(split(row["tags"])),
    )


def split(field: str) -> list[str]:
    """The trimmed parts of a field, empty ones left out."""
    return [part.strip() for part in field.split(";") if part.strip()]
