from support import csv_of, some_track

MANY = {"many.csv": csv_of(some_track(number) for number in range(40))}


def cli(candidate, *arguments, files=None):
    """The command line as a listener uses it."""
    return candidate.run(["python3", "-m", "playlists", *arguments], files=files, timeout_s=20)


def test_nothing_fits_is_said_and_fails(candidate):
    assert cli(candidate, "30 minutes", "--seed", "1", "--catalogue", "many.csv", files=MANY).exit_code == 0
    result = cli(candidate, "songs of the 1930s", "--seed", "1")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr


def test_a_seed_repeats_a_mix_and_is_named(candidate):
    first = cli(candidate, "30 minutes", "--seed", "11", "--catalogue", "many.csv", files=MANY)
    assert first.exit_code == 0
    assert first.stdout.splitlines()[-1] == "Seed 11"
    candidate.fresh()
    assert cli(candidate, "30 minutes", "--seed", "11", "--catalogue", "many.csv", files=MANY).stdout == first.stdout


def test_seed_zero_is_a_seed_like_any_other(candidate):
    results = [cli(candidate, "30 minutes", "--seed", "0", "--catalogue", "many.csv", files=MANY) for _ in range(4)]
    assert all(result.exit_code == 0 for result in results)
    assert len({result.stdout for result in results}) == 1


def test_a_drawn_seed_can_be_used_again(candidate):
    drawn = cli(candidate, "30 minutes", "--catalogue", "many.csv", files=MANY)
    assert drawn.exit_code == 0
    seed = drawn.stdout.splitlines()[-1].removeprefix("Seed ")
    candidate.fresh()
    again = cli(candidate, "30 minutes", "--seed", seed, "--catalogue", "many.csv", files=MANY)
    assert again.stdout == drawn.stdout
