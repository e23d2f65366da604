from pathlib import Path

import pytest

from player.models import Track
from player.queue import Queue
from player.store import load, save

TRACKS = [Track("a", "Night Ferry", "Mira Vale", 254), Track("b", "Home", "Neon Parish", 61)]


def test_what_is_saved_is_loaded(tmp_path: Path):
    path = tmp_path / "queue.json"
    save(Queue(TRACKS, repeat=True), path)
    queue = load(path)
    assert queue.waiting == TRACKS
    assert queue.repeat


def test_without_a_file_nothing_waits(tmp_path: Path):
    assert load(tmp_path / "queue.json").waiting == []


def test_a_damaged_file_is_named(tmp_path: Path):
    path = tmp_path / "queue.json"
    path.write_text('{"waiting": [')
    with pytest.raises(ValueError, match=r"queue\.json is damaged"):
        load(path)
