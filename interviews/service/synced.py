"""What was last in step between log and disk, file by file; and what it was where nobody can say any more.

Owns that guess. Invariant: assuming what ``recall`` gives, the disk's ordinary work (``disk``) loses nothing typed and
acknowledged and nothing that a terminal wrote: a text the log once had is the log's own past, any other text came from a
terminal. Pure but for reading. Leaves out importing and writing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.text import Changes, apply_changes, diff

# An edit reaches the disk within a fraction of this.
SETTLED_MS = 5_000
# Texts tried as the one a program began from.
MAX_BASES = 64


@dataclass(frozen=True)
class Synced:
    """What was on disk last, by hash and text. It holds the log's changes up to ``version`` but those in ``ahead``."""

    sha256: str
    version: int
    text: str | None
    ahead: tuple[Changes, ...] = ()


@dataclass
class _Past:
    """What the log says of one file: the texts its disk may hold, the newest last, and the newest one like the disk's."""

    sure: bool = False
    """Whether the first of the texts has been on disk."""
    bases: list[Synced] = field(default_factory=list)
    like: Synced | None = None


def settled_until(records: Iterable[e.Record]) -> int:
    """Until when (Unix ms) edits have surely reached the disk: shortly before the log ends, or before a trouble that lasts."""
    last, lost, failed = 0, None, None
    for record in records:
        last = record.at_ms
        match record.type:
            case "sandbox.lost" if lost is None:
                lost = record.at_ms
            case "sandbox.started":
                lost = None
            case "sync.failed" if record.payload is not None:
                failed = (failed or record.at_ms) if record.payload["reason"] else None
    return min(at for at in (last, lost, failed) if at is not None) - SETTLED_MS


def recall(
    records: Iterable[e.Record],
    paths: Collection[str],
    on_disk: Mapping[str, str],
    read: Callable[[str], bytes | None],
    known: Mapping[str, Synced] | None,
    until_ms: int,
) -> dict[str, Synced]:
    """What to take for last synced of ``paths``, on a disk that went on without us.

    ``on_disk`` has the hashes of its files and ``read`` their bytes; ``known`` is what was in step when it was last
    seen, where that is still known; else edits until ``until_ms`` were.
    """
    pasts: dict[str, _Past] = {}
    for record in records:
        payload = record.payload
        if payload is None or record.type not in ("file.snapshotted", "file.edited", "file.deleted"):
            continue
        path = str(payload["path"])
        if path not in paths:
            continue
        past = pasts.setdefault(path, _Past())
        if record.type != "file.edited":
            past.bases = []
        if record.type == "file.deleted":
            continue
        version = int(payload["version"])
        if record.type == "file.snapshotted":
            now = Synced(str(payload["sha256"]), version, payload["text"])
        else:
            now = synced(apply_changes(past.bases[-1].text or "", payload["changes"]), version)
        if now.sha256 == on_disk.get(path):
            past.like = now
        was = known.get(path) if known is not None else None
        sure = record.at_ms <= until_ms if known is None else was is not None and was.version >= version
        if sure or not past.bases:
            past.bases, past.sure = [now], sure
        else:
            past.bases = [past.bases[0], *past.bases[1:][-MAX_BASES:], now]
    guesses = {path: _guess(past, on_disk.get(path), partial(read, path)) for path, past in pasts.items()}
    same = {
        path: was
        for path, was in (known or {}).items()
        if path in paths and on_disk.get(path, was.sha256) == was.sha256
    }
    return {path: guess for path, guess in guesses.items() if guess is not None} | same


def _guess(past: _Past, digest: str | None, read: Callable[[], bytes | None]) -> Synced | None:
    if digest is None:
        # Not there: deleted since, unless it never came there.
        return past.bases[0] if past.bases and past.sure else None
    if past.like is not None or not past.bases:
        return past.like
    try:
        text = (read() or b"").decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return past.bases[-1]
    # A program began from one of these; the one it changed least is the one.
    return min(reversed(past.bases), key=lambda base: _distance(base.text or "", text))


def synced(text: str, version: int) -> Synced:
    """Disk and log with the same text."""
    return Synced(sha256_hex(text.encode("utf-8", "surrogatepass")), version, text)


def _distance(old: str, new: str) -> int:
    parts = [part for part in diff(old, new) if isinstance(part, list)]
    return sum(part[0] + len("\n".join(part[1:])) for part in parts)
