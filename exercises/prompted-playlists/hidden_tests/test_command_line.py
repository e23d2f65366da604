from pathlib import Path

from support import cli, save, some_track


def test_nothing_fits_is_said_and_fails():
    result = cli("songs of the 1930s", "--seed", "1")
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr


def test_a_seed_repeats_a_mix_and_is_named(tmp_path: Path):
    path = save([some_track(number) for number in range(40)], tmp_path / "many.csv")
    first = cli("30 minutes", "--seed", "11", "--catalogue", str(path))
    assert first.returncode == 0
    assert first.stdout.splitlines()[-1] == "Seed 11"
    assert cli("30 minutes", "--seed", "11", "--catalogue", str(path)).stdout == first.stdout


def test_seed_zero_is_a_seed_like_any_other(tmp_path: Path):
    path = save([some_track(number) for number in range(40)], tmp_path / "many.csv")
    results = [cli("30 minutes", "--seed", "0", "--catalogue", str(path)) for _ in range(4)]
    assert all(result.returncode == 0 for result in results)
    assert len({result.stdout for result in results}) == 1


def test_a_drawn_seed_can_be_used_again(tmp_path: Path):
    path = save([some_track(number) for number in range(40)], tmp_path / "many.csv")
    drawn = cli("30 minutes", "--catalogue", str(path))
    seed = drawn.stdout.splitlines()[-1].removeprefix("Seed ")
    assert cli("30 minutes", "--seed", seed, "--catalogue", str(path)).stdout == drawn.stdout
