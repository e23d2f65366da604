"""Beside the reviewed program: plain values in, plain values out. What is expected stands elsewhere."""

import pathlib
import tempfile

from player import store
from player.models import Play, Track
from player.queue import Queue


def skipped(heard):
    return bool(Play(track("a"), heard).skipped())


def played(ids, heards, repeat=False):
    """A queue of tracks of 240 seconds, left one after the other: what waits, the history, what played then."""
    queue = Queue([track(id) for id in ids], repeat)
    playing = [queue.next(heard) for heard in heards]
    return {
        "waiting": [one.id for one in queue.waiting],
        "history": [[play.track.id, play.heard] for play in queue.history],
        "playing": [one.id if one else None for one in playing],
    }


def recent(ids, heards):
    """The recent tracks of a history of these plays."""
    history = [Play(track(id), heard) for id, heard in zip(ids, heards, strict=True)]
    return [one.id for one in Queue(history=history).recent()]


def kept(ids, heards):
    """The same as ``played`` tells of waiting tracks and history, after saving and loading."""
    queue = Queue([track(id) for id in ids])
    for heard in heards:
        queue.next(heard)
    with tempfile.TemporaryDirectory() as folder:
        path = store.file_of(pathlib.Path(folder), "ada")
        store.save(queue, path)
        return told(store.load(path))


def loaded(text):
    """What a file with this text holds."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "queue.json")
        path.write_text(text, "utf-8")
        return told(store.load(path))


def place(profile):
    """Where below the folder a profile is kept."""
    return store.file_of(pathlib.Path("/folder"), profile).as_posix()


def told(queue):
    return {
        "waiting": [one.id for one in queue.waiting],
        "history": [[play.track.id, play.heard] for play in queue.history],
    }


def track(id):
    return Track(id, f"Song {id}", "Mira Vale", 240)
