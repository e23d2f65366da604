"""The sandbox's disk and the log, file by file the same.

Owns what was last in step of each file, and each step that brings one side up to the other. Invariant: a change on disk is
imported before anything is written over it, so neither side loses work; our own writes are known by their hash and never
come back as edits; a file that moves takes along what was typed into it. What becomes of which kind of file says
docs/editing.md. Not thread-safe: one thread works it. Leaves out when that is (``disk``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.errors import BadInput, FileChanged, NotFound, NotRegular
from interviews.log import Draft
from interviews.service.editing import MAX_FILES, ignored, renamed, snapshot
from interviews.service.interview import Interview
from interviews.service.merging import begun_from, lacking, merged, moved_from
from interviews.service.synced import Synced, recall, synced
from interviews.state import FileView
from interviews.text import Changes
from interviews.timeline import UNDER_WAY
from sandbox.base import Sandbox

FOLLOWED = ("ready", *UNDER_WAY)
# Of the log's room: a program that writes without end must leave some to the person at the keys.
SHARE = 0.5
# How often one write meets a change that came between, before it is left to the next round.
TRIES = 5
# A program that writes so soon after us may have read the file before.
JUST_MS = 1_500
MAX_JUST = 8
# Of files that are no text, in bytes: one, and all of an interview's.
MAX_KEPT = 1_000_000
MAX_KEPT_IN_ALL = 16_000_000


class Mirror:
    """One interview's files on one sandbox."""

    def __init__(self, interview: Interview, sandbox: Sandbox) -> None:
        self._interview, self._sandbox = interview, sandbox
        self.synced: dict[str, Synced] = {}
        """What was last in step; an empty hash where the disk has no such file any more and is to have it again."""
        self._before: dict[str, list[tuple[int, Synced]]] = {}
        self._missing: dict[str, None] = {}
        self._failing: dict[tuple[str, str], str] = {}
        self._unwritten = False

    def recall(self, known: Mapping[str, Synced] | None, until_ms: int) -> None:
        """Begin with a disk that went on without us; ``known`` and ``until_ms`` as ``synced.recall`` has them."""
        on_disk = {entry.path: entry.sha256 for entry in self._sandbox.list() if not ignored(entry.path)}
        with self._interview.lock:
            files = {path: (view.version, view.text) for path, view in self._interview.state.files.items()}
        same = {path: synced(text, version) for path, (version, text) in files.items() if text is not None}
        same = {path: one for path, one in same.items() if on_disk.get(path) == one.sha256}
        records = self._interview.log.read(self._interview.id)
        other = (on_disk.keys() | files.keys()) - same.keys()
        self.synced = same | recall(records, other, on_disk, self._bytes, known, until_ms)

    def write_kept(self) -> list[str]:
        """Write the files that are no text to a fresh disk; returns those that were not kept."""
        missing: list[str] = []
        for path, whole in sorted(self._not_text().items()):
            data = self._interview.log.content(self._interview.id, whole.sha256)
            try:
                if data is not None:
                    self._sandbox.write(path, data)
                    self.synced[path] = whole
            except BadInput:
                data = None
            if data is None:
                missing.append(path)
        return missing

    def _not_text(self) -> dict[str, Synced]:
        """The files that are no text, as the log has them now."""
        with self._interview.lock:
            history = self._interview.history
            return {
                path: Synced(history.sha256_when_whole(path), view.version, None)
                for path, view in self._interview.state.files.items()
                if view.text is None
            }

    def _keep(self, data: bytes) -> None:
        """Keep what is no text, so that it is there again when the sandbox is lost; as far as there is room for it."""
        kept = sum(view.size for view in self._interview.state.files.values() if view.text is None)
        if len(data) <= MAX_KEPT and len(data) + kept <= MAX_KEPT_IN_ALL:
            wanted = [whole.sha256 for whole in self._not_text().values()]
            self._interview.log.keep(self._interview.id, data, wanted)

    def _bytes(self, path: str) -> bytes | None:
        try:
            return self._read(path)
        except BadInput:
            return None

    def _read(self, path: str) -> bytes | None:
        """What the disk holds, None where there is no file. Raises ``BadInput`` where it may not be read or is too large."""
        try:
            return self._sandbox.read(path)
        except (NotFound, NotRegular):
            return None

    # The log's changes go to the disk

    def sync(self) -> bool:
        """Write what the log has and the disk has not; whether all of that was done."""
        self._unwritten = False
        for path in list(self._before):
            self._just(path)
        with self._interview.lock:
            wanted = {path: (view.version, view.text) for path, view in self._interview.state.files.items()}
        for path in [path for path in self.synced if path not in wanted]:
            self._follow(path)
        for path, (version, text) in wanted.items():
            known = self.synced.get(path)
            there = known is not None and known.sha256 != "" and (known.version, known.text) == (version, text)
            if text is not None and not there:
                self._write(path)
        return not self._unwritten

    def _write(self, path: str) -> None:
        for _ in range(TRIES):
            try:
                there = self._import(path)
            except BadInput as error:
                self._told(path, "read", str(error))
                return
            with self._interview.lock:
                view = self._interview.state.files.get(path)
                if view is None or view.text is None:
                    return
                now = synced(view.text, view.version)
            known = self.synced.get(path)
            if known is None or known.sha256 != now.sha256:
                try:
                    self._sandbox.write(path, (now.text or "").encode("utf-8", "surrogatepass"), there)
                except FileChanged:
                    continue
                except BadInput as error:
                    self._told(path, "write", str(error))
                    return
                if known is not None and known.sha256:
                    self._before[path] = [*self._just(path), (self._interview.now(), known)]
            self.synced[path] = now
            self._told(path, "write", "")
            return
        self._unwritten = True

    def _just(self, path: str) -> list[tuple[int, Synced]]:
        """What was in step and is not since a moment, and when we wrote over it."""
        since = self._interview.now() - JUST_MS
        just = [(at_ms, was) for at_ms, was in self._before.pop(path, ()) if at_ms >= since][-MAX_JUST:]
        if just:
            self._before[path] = just
        return just

    def _told(self, path: str, way: str, reason: str) -> None:
        """Say what keeps a file from being in step, "" for nothing any more; one trouble is told at a time."""
        self._failing.pop((path, way), None)
        if reason:
            self._failing[path, way] = reason
        (path, _), reason = next(iter(self._failing.items()), ((path, way), ""))
        if self._interview.state.sync_error != reason:
            self._interview.record(Draft("system", e.SyncFailed(path=path, reason=reason)))

    def _follow(self, path: str) -> None:
        """A file that the log has no longer under this path: what the disk holds of it goes where it went, or away."""
        known = self.synced[path]
        try:
            data = self._read(path)
        except BadInput:
            data = None
        if data is None:
            self.synced.pop(path)
            return
        digest = sha256_hex(data)
        with self._interview.lock:
            move = self._interview.history.moved(path, known.version)
            if path in self._interview.state.files:
                return
            if digest != known.sha256:
                to = path if move is None else move[0]
                before = self.synced.get(to)
                self._take(path, known, data, digest, move)
                taken = self.synced.get(to)
                if move is None or taken is before or taken is None:
                    return
                # What was taken in was elsewhere: it says nothing of what is there.
                if before is None:
                    del self.synced[to]
                else:
                    self.synced[to] = before
        if move is None or self._carry(move[0], data, digest):
            try:
                self._sandbox.delete(path, digest)
            except FileChanged:
                # The next round sees to what came between.
                self._unwritten = True
                return
            except (NotFound, BadInput):
                pass
            self.synced.pop(path)

    def _carry(self, to: str, data: bytes, digest: str) -> bool:
        """Write a file that moved where it is now; whether it is there."""
        view, known = self._interview.state.files.get(to), self.synced.get(to)
        if view is not None and view.text is not None:
            self._write(to)
        elif view is not None and (known is None or not known.sha256):
            try:
                self._sandbox.write(to, data, "")
            except BadInput as error:
                self._told(to, "write", str(error))
                return False
            self.synced[to] = Synced(digest, view.version, None)
        known = self.synced.get(to)
        return known is not None and known.sha256 != ""

    # The disk's changes go to the log

    def rescan(self) -> None:
        """Take over whatever became of the disk; what is gone is gone."""
        self.look(None, None)

    def _differing(self) -> list[str]:
        """Paths that are on disk other than they were last in step, or not at all."""
        on_disk = {entry.path: entry.sha256 for entry in self._sandbox.list() if not ignored(entry.path)}
        same = {path for path, known in self.synced.items() if on_disk.get(path, "") == known.sha256}
        unread = {path for path, way in self._failing if way == "read"}
        return [*unread, *(path for path in {*self.synced, *on_disk} if path not in same)]

    def look(self, paths: Collection[str] | None, overdue: Collection[str] | None) -> list[str]:
        """Take over what became of the paths, None for all there are; returns those that are gone and were not ``overdue``.

        Of those nothing is recorded yet, they are to be looked at again. With None everything is overdue.
        """
        gone: list[str] = []
        new: dict[str, str] = {}
        for path in sorted({*(self._differing() if paths is None else paths), *self._missing}):
            known = self.synced.get(path)
            self._missing.pop(path, None)
            try:
                data = self._read(path)
            except BadInput as error:
                self._told(path, "read", str(error))
                continue
            if data is None:
                self._told(path, "read", "")
                gone += [path] if known is not None and known.sha256 else []
            elif known is None:
                new[path] = sha256_hex(data)
            elif (digest := sha256_hex(data)) == known.sha256:
                self._told(path, "read", "")
            elif path not in self._interview.state.files:
                self._follow(path)
            else:
                self._take(path, known, data, digest)
        # Last: a file that is new may be one that is gone, and a folder may stand where one was.
        for path, digest in list(new.items()):
            old = moved_from(path, digest, [path for path in gone if path in self.synced], self.synced)
            if old is not None and self._move(old, path, digest):
                del new[path]
        for path in new:
            try:
                self._import(path)
            except BadInput as error:
                self._told(path, "read", str(error))
        gone = [path for path in gone if path in self.synced]
        for path in gone:
            if overdue is None or path in overdue:
                self._record_deleted(path, self.synced[path])
            else:
                self._missing[path] = None
        return list(self._missing)

    def _import(self, path: str) -> str:
        """Take over what the disk holds of ``path`` where it differs from what was last synced; returns its hash, or "".

        Raises ``BadInput`` where it may not be read.
        """
        known = self.synced.get(path)
        data = self._read(path)
        if data is None:
            if known is not None and known.sha256:
                # Moved, perhaps: only the whole disk can tell.
                self.rescan()
            return ""
        digest = sha256_hex(data)
        if known is None or known.sha256 != digest:
            self._take(path, known, data, digest)
        return digest

    def _take(
        self,
        path: str,
        known: Synced | None,
        data: bytes,
        digest: str,
        move: tuple[str, list[Changes] | None] | None = None,
    ) -> None:
        """Record what the disk holds of ``path``; ``move`` as ``FileHistory.moved`` gives it, where the log has it elsewhere."""
        base, history = known or Synced("", 0, ""), self._interview.history
        if move is None:
            base = begun_from([base, *(was for _, was in reversed(self._just(path)))], data, digest)
        for other in [other for other in self.synced if one_holds_the_other(path, other)] if move is None else ():
            # A file cannot be a folder too: reading the one says that the other is gone.
            self._record_deleted(other, self.synced[other])
        with self._interview.lock:
            if self._interview.state.status not in FOLLOWED:
                return
            to, since = (path, history.since(path, base.version)) if move is None else move
            view = self._interview.state.files.get(to)
            if why_not := self._no_place(view):
                self._told(path, "read", why_not)
                return
            fresh = snapshot(to, history.next_version(to), data, "terminal")
            left: tuple[Changes, ...] = ()
            if view is not None and view.text == fresh.text:
                same = view.text is not None or history.sha256_when_whole(to) == digest
                recorded: e.FileSnapshotted | e.FileEdited | None = None if same else fresh
            elif view is None or view.text is None or fresh.text is None:
                recorded = fresh
            else:
                changes, left = merged(base, lacking(base, since, view.text), fresh.text)
                recorded = e.FileEdited(
                    path=to, version=view.version + 1, changes=changes, origin="terminal", client="terminal"
                )
            if isinstance(recorded, e.FileSnapshotted) and recorded.text is None:
                self._keep(data)
            if recorded is not None:
                self._interview.record(Draft("terminal", recorded))
            # What the disk lacks, the write that this record brings about puts there.
            self.synced[to] = Synced(digest, self._interview.state.files[to].version, fresh.text, left)
        self._told(path, "read", "")

    def _no_place(self, view: FileView | None) -> str:
        """Why the log has no place for what the disk holds; "" where it has."""
        if view is None and len(self._interview.state.files) >= MAX_FILES:
            return "Expected at most 500 files; those beyond are not recorded"
        try:
            self._interview.require_room(SHARE)
        except BadInput as error:
            return str(error)
        return ""

    def _move(self, old: str, path: str, digest: str) -> bool:
        """Record that a file was moved on disk, with what was typed since; False where the log has other plans for either path."""
        with self._interview.lock:
            known, view = self.synced[old], self._interview.state.files.get(old)
            followed = self._interview.state.status in FOLLOWED and self._interview.has_room(SHARE)
            if view is None or path in self._interview.state.files or not followed:
                return False
            if (known.text is None) is not (view.text is None):
                return False
            ahead: tuple[Changes, ...] = ()
            if view.text is not None:
                ahead = lacking(known, self._interview.history.since(old, known.version), view.text)
            self._interview.record(*renamed(self._interview, old, path, "terminal", "terminal"))
            self.synced.pop(old)
            version = self._interview.state.files[path].version
            self.synced[path] = Synced(digest, version, known.text, ahead)
            return True

    def _record_deleted(self, path: str, known: Synced) -> None:
        with self._interview.lock:
            view = self._interview.state.files.get(path)
            typed = view is not None and (view.version != known.version or bool(known.ahead))
            if typed and self._interview.state.status in FOLLOWED:
                # Nobody's line goes with a file: it is written again.
                self.synced[path] = replace(known, sha256="")
                return
            self.synced.pop(path, None)
            if view is not None and self._interview.state.status in FOLLOWED:
                self._interview.record(Draft("terminal", e.FileDeleted(path=path, origin="terminal")))


def one_holds_the_other(path: str, other: str) -> bool:
    """Whether one path is a folder on the way to the other."""
    return path.startswith(other + "/") or other.startswith(path + "/")
