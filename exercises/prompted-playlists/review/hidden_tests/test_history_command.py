import csv
import io


def player(candidate, *words):
    return candidate.run(["python3", "-m", "player", *words], timeout_s=20)


def listen(candidate):
    candidate.fresh()
    assert player(candidate, "add", "Night Ferry", "Mira Vale", "254").exit_code == 0
    assert player(candidate, "add", "Home, again", "Neon Parish", "61").exit_code == 0
    assert player(candidate, "next", "--heard", "5").exit_code == 0
    assert player(candidate, "next").exit_code == 0


def test_the_history_newest_first(candidate):
    listen(candidate)
    done = player(candidate, "history")
    assert (done.exit_code, done.stdout) == (0, "Home, again by Neon Parish, 1:01\nNight Ferry by Mira Vale, 0:05\n")


def test_the_history_as_a_table(candidate):
    listen(candidate)
    done = player(candidate, "history", "--csv")
    assert done.exit_code == 0
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows == [["title", "artist", "heard"], ["Home, again", "Neon Parish", "61"], ["Night Ferry", "Mira Vale", "5"]]


def test_a_profile_that_is_no_name_is_said_and_fails(candidate):
    done = player(candidate, "--profile", "../ada", "list")
    assert done.exit_code == 1
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
