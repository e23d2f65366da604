import pytest

from playlists.__main__ import main


def test_a_playlist_is_printed(capsys: pytest.CaptureFixture[str]):
    assert main(["calm 90s for dinner, 20 minutes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(" 1. ")
    assert any(line.startswith("Total ") for line in lines)


def test_a_seed_repeats_a_mix(capsys: pytest.CaptureFixture[str]):
    assert main(["upbeat, 45 minutes", "--seed", "7"]) == 0
    first = capsys.readouterr().out
    assert main(["upbeat, 45 minutes", "--seed", "7"]) == 0
    assert capsys.readouterr().out == first
    assert "Seed 7" in first.splitlines()


def test_nothing_fits(capsys: pytest.CaptureFixture[str]):
    assert main(["songs of the 1930s"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.strip()
