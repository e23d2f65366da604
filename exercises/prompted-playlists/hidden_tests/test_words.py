import random


def test_decades_are_never_lengths(candidate):
    decades = ["60s", "70s", "80s", "90s", "00s", "10s", "1970s", "1980s", "2010s"]
    wordings = {"calm {}": 45 * 60, "{} for the road, 30 minutes": 30 * 60, "1 hour of {}": 3600}
    asked = {words.format(decade): seconds for words, seconds in wordings.items() for decade in decades}
    answers = candidate.calls("drive:seconds", [[text] for text in asked])
    assert [answer.value for answer in answers] == list(asked.values())


def test_compound_lengths_add_up(candidate):
    rng = random.Random(1)
    asked = {}
    for _ in range(60):
        hours, minutes = rng.randrange(1, 5), rng.randrange(1, 60)
        words = rng.choice(["{} hours {} minutes", "{}h {}m", "{} hour and {} min", "{}h{}min", "{} hrs, {} mins"])
        asked["calm, " + words.format(hours, minutes)] = hours * 3600 + minutes * 60
    answers = candidate.calls("drive:seconds", [[text] for text in asked])
    assert [answer.value for answer in answers] == list(asked.values())


def test_decades_are_still_understood(candidate):
    assert candidate.call("drive:decades", "80s, 45 minutes") == [1980]
    assert candidate.call("drive:decades", "1970s and 00s") == [1970, 2000]
