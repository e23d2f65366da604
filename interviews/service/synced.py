"""What was last in step between log and disk, file by file; and what it was where nobody can say any more.

Owns that guess. Invariant: assuming what ``recall`` gives, the disk's ordinary work (``disk``) loses nothing typed and
acknowledged and nothing that a terminal wrote: a text the log once had is the log's own past, any other text came from a
terminal. Pure but for reading. Leaves out importing and writing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial, reduce

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.text import Changes, apply_changes, compose, diff, invert, map_changes

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


@dataclass(frozen=True)
class _Edit:
    changes: Changes
    from_disk: bool


@dataclass
class _Past:
    """What the log says of one file: the texts its disk may hold and the edits between them, the newest last.

    ``sure`` is the last one that has been on disk, ``like`` the newest one that the disk's is like.
    """

    text: str | None = None
    bases: list[Synced] = field(default_factory=list)
    edits: list[_Edit] = field(default_factory=list)
    sure: Synced | None = None
    like: Synced | None = None

    def begin(self, base: Synced | None) -> None:
        self.bases, self.edits, self.sure = [] if base is None else [base], [], None

    def go_on(self, edit: _Edit, now: Synced) -> None:
        self.bases, self.edits = [*self.bases[-MAX_BASES:], now], [*self.edits[1 - MAX_BASES :], edit]


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
        if record.type == "file.deleted":
            past.begin(None)
            continue
        version = int(payload["version"])
        if record.type == "file.snapshotted":
            if payload["origin"] == "keyframe" and payload["text"] == past.text:
                continue
            now = Synced(str(payload["sha256"]), version, payload["text"])
            past.begin(now)
        else:
            now = synced(apply_changes(past.text or "", payload["changes"]), version)
            past.go_on(_Edit(payload["changes"], payload["origin"] == "terminal"), now)
        if now.sha256 == on_disk.get(path):
            past.like = now
        past.text = now.text
        was = known.get(path) if known is not None else None
        if record.at_ms <= until_ms if known is None else was is not None and was.version >= version:
            past.begin(was or now)
            past.sure = was or now
            if past.sure.ahead:
                # What it lacked may have been written, and nobody heard of it.
                past.go_on(_Edit(reduce(compose, past.sure.ahead), False), now)
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
        return past.sure
    if past.like is not None or not past.bases:
        return past.like
    bases = [*past.bases, *_half_way(past)]
    for base in bases:
        if base.sha256 == digest:
            return base
    try:
        text = (read() or b"").decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return past.bases[-1]
    # A program began from one of these; the one it changed least is the one, in doubt the oldest. Where it left next to nothing
    # of any, it is the one that surely was there, or none: then all that was typed since stays.
    nearest = min(bases, key=lambda base: distance(base.text or "", text))
    old = nearest.text or ""
    return nearest if 4 * distance(old, text) < 3 * (len(old) + len(text)) else past.sure


def _half_way(past: _Past) -> Iterator[Synced]:
    """What the disk held when a change of its own was in the log already, and edits from before it were not on disk yet."""
    for start, base in enumerate(past.bases):
        text, ahead = base.text or "", list(base.ahead)
        step = 1 if ahead else 0
        for edit, after in zip(past.edits[start + step :], past.bases[start + 1 + step :], strict=True):
            if not edit.from_disk:
                ahead.append(edit.changes)
                continue
            if not ahead:
                break
            changes = map_changes(edit.changes, invert(reduce(compose, ahead), text))
            text = apply_changes(text, changes)
            for at, one in enumerate(ahead):
                ahead[at], changes = map_changes(one, changes), map_changes(changes, one, before=True)
            yield replace(synced(text, after.version), ahead=tuple(ahead))


def synced(text: str, version: int) -> Synced:
    """Disk and log with the same text."""
    return Synced(sha256_hex(text.encode("utf-8", "surrogatepass")), version, text)


def distance(old: str, new: str) -> int:
    """How many characters a program took out and put in."""
    parts = [part for part in diff(old, new) if isinstance(part, list)]
    return sum(part[0] + len("\n".join(part[1:])) for part in parts)
