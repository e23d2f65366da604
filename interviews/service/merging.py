"""A change on disk and changes in the log that were made without knowing of each other, brought together.

Owns the bringing together. Invariant: what either side inserted stays, and what either side deleted is gone once. Pure.
Leaves out reading and recording (``disk``) and what was last in step (``synced``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from interviews.errors import BadInput
from interviews.service.synced import Synced, distance
from interviews.text import Changes, apply_changes, diff, map_changes


def begun_from(bases: Sequence[Synced], on_disk: bytes, sha256: str) -> Synced:
    """Which text a program changed, of those that were on disk lately, the newest first: what it reads may be old when it writes.

    It is the one it changed least; but who brings back just what there was means that.
    """
    newest = bases[0]
    if len(bases) == 1 or newest.text is None or any(base.sha256 == sha256 for base in bases):
        return newest
    try:
        text = on_disk.decode()
    except UnicodeDecodeError:
        return newest
    return min((base for base in bases if base.text is not None), key=lambda base: distance(base.text or "", text))


def lacking(known: Synced, since: Sequence[Changes] | None, text: str) -> tuple[Changes, ...]:
    """What the disk has not got of the log, whose text is now ``text``; ``since`` are the changes after ``known.version``.

    Where those do not lead there, the file was replaced meanwhile: then it is one change, the difference.
    """
    now, all_of_them = known.text or "", (*known.ahead, *(since or ()))
    try:
        for one in all_of_them:
            now = apply_changes(now, one)
        if since is not None and now == text:
            return all_of_them
    except BadInput:
        pass
    return (diff(known.text or "", text),)


def merged(known: Synced, ahead: Sequence[Changes], on_disk: str) -> tuple[Changes, tuple[Changes, ...]]:
    """The change on disk as it follows what the disk lacks (``ahead``), and ``ahead`` as it follows the change on disk."""
    changes, left = diff(known.text or "", on_disk), []
    for one in ahead:
        left.append(map_changes(one, changes))
        changes = map_changes(changes, one, before=True)
    # One that changes nothing is nothing that the disk lacks.
    return changes, tuple(one for one in left if any(isinstance(part, list) for part in one))


def moved_from(path: str, sha256: str, gone: Collection[str], synced: Mapping[str, Synced]) -> str | None:
    """Which of the files that are ``gone`` is now at ``path``: one of the same content, best one of the same name."""
    same = [other for other in gone if synced[other].sha256 == sha256]
    name = path.rsplit("/", 1)[-1]
    return next((other for other in same if other.rsplit("/", 1)[-1] == name), same[0] if same else None)
