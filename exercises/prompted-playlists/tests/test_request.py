from playlists import parse_request


def test_a_length_in_minutes_or_hours():
    assert parse_request("calm, 45 minutes").seconds == 45 * 60
    assert parse_request("calm, 90 min").seconds == 90 * 60
    assert parse_request("two left feet, 2 hours").seconds == 2 * 3600


def test_without_a_length_it_is_45_minutes():
    assert parse_request("something calm").seconds == 45 * 60


def test_a_decade_is_not_a_length():
    assert parse_request("upbeat 80s for running, 45 minutes").seconds == 45 * 60


def test_a_decade_alone_leaves_the_length_open():
    assert parse_request("just 90s please").seconds == 45 * 60


def test_decades():
    assert parse_request("80s and 1990s").decades == (1980, 1990)
    assert parse_request("00s").decades == (2000,)
    assert parse_request("anything").decades == ()


def test_mood_and_purpose():
    wish = parse_request("Upbeat songs for the gym")
    assert wish.energy == 8
    assert wish.tags == {"workout"}
