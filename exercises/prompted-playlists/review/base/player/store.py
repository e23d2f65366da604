"""Keeping a queue on the disk."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from player.models import Track
from player.queue import Queue


def load(path: Path) -> Queue:
    """The queue of a file; an empty one where there is no file yet.

    Raises ValueError, with the file's name, for a file that is damaged.
    """
    if not path.exists():
        return Queue()
    try:
        kept = json.loads(path.read_text("utf-8"))
        return Queue([Track(**fields) for fields in kept["waiting"]], kept["repeat"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name} is damaged ({error})") from error


def save(queue: Queue, path: Path) -> None:
    """Write the queue; the file that is there stays whole until the new one is."""
    kept = {
        "repeat": queue.repeat,
        "waiting": [dataclasses.asdict(track) for track in queue.waiting],
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(kept), "utf-8")
    fresh.replace(path)
