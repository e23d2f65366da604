"""Understanding what a listener asks for."""

from __future__ import annotations

import re

from playlists.models import Wish

DEFAULT_SECONDS = 45 * 60

UNITS = {"h": 3600, "m": 60, "s": 1}
LENGTH = re.compile(r"(\d+)\s*(hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?)(?![a-z])")
DECADE = re.compile(r"\b(19|20)?(\d0)s\b")
CLEAN = re.compile(r"\b(?:no explicit|clean|for kids)\b")
WITHOUT = re.compile(r"\bwithout ([^,]+)")

ENERGY = {
    "wild": 10,
    "upbeat": 8,
    "happy": 7,
    "relaxed": 4,
    "calm": 3,
    "sleepy": 1,
}
TAGS = {
    "running": "workout",
    "gym": "workout",
    "workout": "workout",
    "dinner": "dinner",
    "cooking": "dinner",
    "studying": "focus",
    "focus": "focus",
    "party": "party",
    "dancing": "party",
    "road": "driving",
    "driving": "driving",
}


def parse_request(text: str) -> Wish:
    """Turn a request such as "upbeat 80s for running, 45 minutes" into a wish."""
    words = text.lower()
    return Wish(
        seconds=wished_seconds(words),
        decades=wished_decades(words),
        energy=wished_energy(words),
        tags=wished_tags(words),
        clean=CLEAN.search(words) is not None,
        without=unwanted_artists(words),
    )


def unwanted_artists(words: str) -> frozenset[str]:
    """Artists named after "without", up to the next comma; "or" stands between two of them."""
    return frozenset(name.strip() for names in WITHOUT.findall(words) for name in names.split(" or "))


def wished_seconds(words: str) -> int:
    """How long the playlist should be; 45 minutes when the listener does not say."""
    total = sum(int(amount) * UNITS[unit[0]] for amount, unit in LENGTH.findall(words))
    return total or DEFAULT_SECONDS


def wished_decades(words: str) -> tuple[int, ...]:
    """First years of the decades named: "80s" and "1980s" are 1980, "00s" is 2000."""
    decades = set()
    for century, years in DECADE.findall(words):
        if not century:
            century = "20" if years < "30" else "19"
        decades.add(int(century + years))
    return tuple(sorted(decades))


def wished_energy(words: str) -> int | None:
    """The energy of the first mood named, if any."""
    for word in re.findall(r"[a-z]+", words):
        if word in ENERGY:
            return ENERGY[word]
    return None


def wished_tags(words: str) -> frozenset[str]:
    """What the music is for."""
    return frozenset(TAGS[word] for word in re.findall(r"[a-z]+", words) if word in TAGS)
