"""Keeping a queue on the disk."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

from player.models import Play, Track
from player.queue import Queue


def load(path: Path) -> Queue:
    """The queue of a file; an empty one where there is no file yet.

    Raises ValueError, with the file's name, for a file that is damaged.
    """
    if not path.exists():
        return Queue()
    try:
        kept = json.loads(path.read_text("utf-8"))
        waiting = [Track(**fields) for fields in kept["waiting"]]
        history = [Play(Track(**fields["track"]), fields["heard"]) for fields in kept.get("history", [])]
        return Queue(waiting, kept["repeat"], history)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name} is damaged ({error})") from error


def save(queue: Queue, path: Path) -> None:
    """Write the queue; the file that is there stays whole until the new one is."""
    kept = {
        "repeat": queue.repeat,
        "waiting": [dataclasses.asdict(track) for track in queue.waiting],
        "history": [dataclasses.asdict(play) for play in queue.history],
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(kept), "utf-8")
    fresh.replace(path)


def file_of(folder: Path, profile: str) -> Path:
    """Where a profile's queue is kept. Raises ValueError for a name that is none."""
    if not re.fullmatch(r"[a-z0-9-]+", profile):
        raise ValueError(f"not a profile's name: {profile}")
    return folder / f"{profile}.json"
