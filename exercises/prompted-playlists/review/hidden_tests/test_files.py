import json

TRACK = {"id": "a", "title": "Night Ferry", "artist": "Mira Vale", "seconds": 254}


def file(**fields):
    return json.dumps({"repeat": False, "waiting": [TRACK], **fields})


def test_what_is_saved_is_loaded(candidate):
    assert candidate.call("drive:kept", "abc", [12, 240]) == {"waiting": ["c"], "history": [["a", 12], ["b", 240]]}


def test_a_file_of_an_earlier_version_is_read(candidate):
    assert candidate.call("drive:loaded", file()) == {"waiting": ["a"], "history": []}


def test_a_damaged_history_is_refused(candidate):
    good = {"track": TRACK, "heard": 5}
    assert candidate.call("drive:loaded", file(history=[good])) == {"waiting": ["a"], "history": [["a", 5]]}
    damaged = [{"track": TRACK}, {"heard": 5}, {"track": {"id": "a"}, "heard": 5}, 7, {**good, "track": None}]
    answers = candidate.calls("drive:loaded", [[file(history=[good, entry])] for entry in damaged])
    assert [answer.error for answer in answers] == ["ValueError"] * len(damaged)


def test_a_profile_stays_in_its_folder(candidate):
    assert candidate.call("drive:place", "ada-2") == "/folder/ada-2.json"
    names = ["", "/etc/ada", "shared/ada", "../ada", "Ada", "ada\n", "a b", "ada.", "."]
    answers = candidate.calls("drive:place", [[name] for name in names])
    assert [answer.error for answer in answers] == ["ValueError"] * len(names)
