from pathlib import Path

import pytest

from player.__main__ import main


def player(folder: Path, *words: str) -> int:
    return main(["--folder", str(folder), *words])


def test_tracks_are_added_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert player(tmp_path, "add", "Night Ferry", "Mira Vale", "254") == 0
    assert player(tmp_path, "add", "Home", "Neon Parish", "61") == 0
    assert player(tmp_path, "list") == 0
    assert capsys.readouterr().out.splitlines() == [
        " 1. Night Ferry by Mira Vale, 4:14",
        " 2. Home by Neon Parish, 1:01",
        "Total 5:15",
    ]


def test_a_damaged_queue_is_said_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "queue.json").write_text("[]")
    assert player(tmp_path, "list") == 1
    assert "queue.json is damaged" in capsys.readouterr().err
