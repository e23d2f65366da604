import random

from playlists import parse_request


def test_decades_are_never_lengths():
    for decade in ["60s", "70s", "80s", "90s", "00s", "10s", "1970s", "1980s", "2010s"]:
        assert parse_request(f"calm {decade}").seconds == 45 * 60
        assert parse_request(f"{decade} for the road, 30 minutes").seconds == 30 * 60
        assert parse_request(f"1 hour of {decade}").seconds == 3600


def test_compound_lengths_add_up():
    rng = random.Random(1)
    for _ in range(60):
        hours, minutes = rng.randrange(1, 5), rng.randrange(1, 60)
        words = rng.choice(["{} hours {} minutes", "{}h {}m", "{} hour and {} min", "{}h{}min", "{} hrs, {} mins"])
        assert parse_request("calm, " + words.format(hours, minutes)).seconds == hours * 3600 + minutes * 60


def test_decades_are_still_understood():
    assert parse_request("80s, 45 minutes").decades == (1980,)
    assert parse_request("1970s and 00s").decades == (1970, 2000)
