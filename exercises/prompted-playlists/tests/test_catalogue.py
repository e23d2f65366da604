from pathlib import Path

import pytest

from playlists import load_catalogue


def test_the_bundled_catalogue_is_read():
    tracks = load_catalogue()
    assert len(tracks) == 68
    assert tracks[0].title == "Paper Lanterns"
    assert tracks[3].guests == ("Otis Grand",)
    assert tracks[3].tags == {"focus", "dinner"}


def test_a_bad_line_is_named(tmp_path: Path):
    path = tmp_path / "broken.csv"
    path.write_text("id,title,artist,guests,year,seconds,energy,explicit,tags\nt1,Home,Nobody,,1990,three,5,no,\n")
    with pytest.raises(ValueError, match=r"broken\.csv, line 2"):
        load_catalogue(path)
