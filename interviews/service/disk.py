"""The sandbox's disk, kept in step with the log.

Owns what was last synced of each file. Invariant: a change on disk is imported before anything is written over it, so
neither side loses work; our own writes are known by their hash and never come back as edits. One worker thread does
it all, in order.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.errors import BadInput, FileChanged, NotFound, PairsightError, PlatformFailure
from interviews.log import Draft
from interviews.service.editing import MAX_FILES, ignored, snapshot
from interviews.service.interview import Interview
from interviews.service.synced import Synced, recall, synced
from interviews.state import FileView
from interviews.text import apply_changes, diff, map_changes
from sandbox.base import Change, Sandbox

FLUSH_DELAY_S = 0.15
RESUME_S = 30
FOLLOWED = ("ready", "running", "grace")
# Of the log's room: a program that writes without end must leave some to the person at the keys.
SHARE = 0.5
# How often one write meets a change that came between, before it is left to the next round.
TRIES = 5
# Of files that are no text, in bytes: one, and all of an interview's.
MAX_KEPT = 1_000_000
MAX_KEPT_IN_ALL = 16_000_000
_RESCAN = ""


class Disk:
    """Follows one interview's files on one sandbox."""

    def __init__(self, interview: Interview, sandbox: Sandbox) -> None:
        self._interview, self._sandbox = interview, sandbox
        self._synced: dict[str, Synced] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=f"disk-{interview.id}")
        self._pending = threading.Event()
        self._changed: dict[str, None] = {}
        self._noting = threading.Lock()
        self._closed = False

    def begin(self) -> list[str]:
        """Write the log's files to the fresh sandbox, then watch it; returns those that are no text and were not kept."""
        missing: list[str] = []
        self._wait(lambda: missing.extend(self._write_kept()), RESUME_S)
        self.flush()
        self._sandbox.watch(self._on_change)
        return missing

    def resume(self, known: Mapping[str, Synced] | None, until_ms: int) -> None:
        """Follow a disk that went on without us: take over what was done there, write what was typed meanwhile.

        ``known`` and ``until_ms`` say what was in step, as ``synced.recall`` has them.
        """
        self._wait(lambda: self._resume(known, until_ms), RESUME_S)

    def end(self) -> dict[str, Synced]:
        """Stop following a sandbox that is gone; returns what was in step."""
        self.close()
        self._worker.shutdown(wait=True)
        return self._synced

    def close(self) -> None:
        """Stop following."""
        self._closed = True
        self._worker.shutdown(wait=False, cancel_futures=True)

    def touch(self, records: list[e.Record]) -> None:
        """A listener: files changed in the log reach the disk soon."""
        if any(record.type in ("file.edited", "file.snapshotted", "file.deleted") for record in records):
            self._soon()

    def flush(self, timeout_s: float = 20) -> None:
        """Bring disk and log together now, both ways. Raises ``PlatformFailure`` when the sandbox is gone or too slow."""
        self._wait(self._sync, timeout_s)

    def flush_changed(self) -> None:
        """As ``flush``, before a command; a disk that cannot follow is told elsewhere."""
        with contextlib.suppress(PairsightError):
            self.flush(5)

    def rescan(self, timeout_s: float = 20) -> None:
        """Import whatever changed on disk, noticed or not. Raises as ``flush`` does."""
        self._wait(self._rescan, timeout_s)

    def _wait(self, work: Callable[[], None], timeout_s: float) -> None:
        if self._closed:
            return
        try:
            self._submit(work).result(timeout_s)
        except CancelledError:
            raise PlatformFailure("The sandbox is gone") from None
        except TimeoutError:
            raise PlatformFailure("The sandbox did not answer within %(seconds)d s", seconds=timeout_s) from None

    def _submit(self, work: Callable[[], None]) -> Future[None]:
        try:
            return self._worker.submit(work)
        except RuntimeError:
            # Closed since the caller looked.
            raise PlatformFailure("The sandbox is gone") from None

    def _soon(self) -> None:
        if self._closed or self._pending.is_set():
            return
        self._pending.set()
        timer = threading.Timer(FLUSH_DELAY_S, self._submit_sync)
        timer.daemon = True
        timer.start()

    def _submit_sync(self) -> None:
        self._pending.clear()
        self._quietly(self._sync)

    def _on_change(self, change: Change) -> None:
        if change.path and ignored(change.path):
            return
        with self._noting:
            # However fast a program writes, a file waits once.
            waiting = bool(self._changed)
            self._changed[_RESCAN if change.kind == "overflow" else change.path] = None
        if not waiting:
            self._quietly(self._import_changed)

    def _import_changed(self) -> None:
        with self._noting:
            changed, self._changed = self._changed, {}
        if _RESCAN in changed:
            self._rescan()
            return
        for path in changed:
            self._import(path)

    def _quietly(self, work: Callable[[], None]) -> None:
        # A lost sandbox is told by its own callback; what is left to do here will be done by its successor.
        if not self._closed:
            with contextlib.suppress(PlatformFailure):
                self._submit(work).add_done_callback(lambda done: done.cancelled() or done.exception())

    def _resume(self, known: Mapping[str, Synced] | None, until_ms: int) -> None:
        # Watched first, so that nothing is missed; what it tells waits behind this.
        self._sandbox.watch(self._on_change)
        on_disk = {entry.path: entry.sha256 for entry in self._sandbox.list() if not ignored(entry.path)}
        with self._interview.lock:
            files = {path: (view.version, view.text) for path, view in self._interview.state.files.items()}
        same = {path: synced(text, version) for path, (version, text) in files.items() if text is not None}
        same = {path: one for path, one in same.items() if on_disk.get(path) == one.sha256}
        records = self._interview.log.read(self._interview.id)
        other = (on_disk.keys() | files.keys()) - same.keys()
        self._synced = same | recall(records, other, on_disk, self._bytes, known, until_ms)
        self._rescan()
        self._sync()

    def _write_kept(self) -> list[str]:
        missing: list[str] = []
        for path, whole in sorted(self._not_text().items()):
            data = self._interview.log.content(self._interview.id, whole.sha256)
            try:
                if data is not None:
                    self._sandbox.write(path, data)
                    self._synced[path] = whole
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
            return self._sandbox.read(path)
        except (NotFound, BadInput):
            return None

    def _sync(self) -> None:
        with self._interview.lock:
            wanted = {path: (view.version, view.text) for path, view in self._interview.state.files.items()}
        for path in [path for path in self._synced if path not in wanted]:
            self._delete(path)
        for path, (version, text) in wanted.items():
            known = self._synced.get(path)
            if text is not None and (known is None or known.version != version or known.text != text):
                self._write(path)

    def _write(self, path: str) -> None:
        for _ in range(TRIES):
            there = self._import(path)
            with self._interview.lock:
                view = self._interview.state.files.get(path)
                if view is None or view.text is None:
                    return
                now = synced(view.text, view.version)
            known = self._synced.get(path)
            if known is None or known.sha256 != now.sha256:
                try:
                    self._sandbox.write(path, (now.text or "").encode("utf-8", "surrogatepass"), there)
                except FileChanged:
                    continue
                except BadInput as error:
                    self._failed(path, str(error))
                    return
            if self._interview.state.sync_error:
                self._interview.record(Draft("system", e.SyncFailed(path=path, reason="")))
            self._synced[path] = now
            return
        self._soon()

    def _failed(self, path: str, reason: str) -> None:
        if self._interview.state.sync_error != reason:
            self._interview.record(Draft("system", e.SyncFailed(path=path, reason=reason)))

    def _delete(self, path: str) -> None:
        self._import(path)
        if path in self._interview.state.files:
            return
        self._synced.pop(path, None)
        try:
            self._sandbox.delete(path)
        except (NotFound, BadInput):
            pass

    def _rescan(self) -> None:
        on_disk = {entry.path: entry for entry in self._sandbox.list() if not ignored(entry.path)}
        for path, entry in on_disk.items():
            known = self._synced.get(path)
            if known is None or known.sha256 != entry.sha256:
                self._import(path)
        for path in [path for path in self._synced if path not in on_disk]:
            self._import(path)

    def _import(self, path: str) -> str:
        """Take over what the disk holds of ``path`` where it differs from what was last synced; returns its hash, or ""."""
        known = self._synced.get(path)
        try:
            data = self._sandbox.read(path)
        except NotFound:
            if known is not None:
                self._record_deleted(path, known)
            return ""
        except BadInput:
            return ""
        digest = sha256_hex(data)
        if known is None or known.sha256 != digest:
            self._take(path, known, data, digest)
        return digest

    def _take(self, path: str, known: Synced | None, data: bytes, digest: str) -> None:
        for other in [other for other in self._synced if one_holds_the_other(path, other)]:
            # A file cannot be a folder too: reading the one says that the other is gone.
            self._record_deleted(other, self._synced[other])
        with self._interview.lock:
            if self._interview.state.status not in FOLLOWED:
                return
            view = self._interview.state.files.get(path)
            if view is None and len(self._interview.state.files) >= MAX_FILES:
                self._failed(path, "Expected at most 500 files; those beyond are not recorded")
                return
            try:
                self._interview.require_room(SHARE)
            except BadInput as error:
                self._failed(path, str(error))
                return
            fresh = snapshot(path, self._interview.history.next_version(path), data, "terminal")
            if view is not None and view.text is not None and view.text == fresh.text:
                self._synced[path] = Synced(digest, view.version, view.text)
            elif known is None and view is not None and view.text:
                # The log's file never reached this disk: the log's text wins, the next write puts it there.
                return
            elif known is None or view is None or not self._merge(known, view, fresh, digest):
                if fresh.text is None:
                    self._keep(data)
                self._interview.record(Draft("terminal", fresh))
                self._synced[path] = Synced(digest, fresh.version, fresh.text)

    def _merge(self, known: Synced, view: FileView, fresh: e.FileSnapshotted, digest: str) -> bool:
        """Record what changed on disk as an edit behind those the disk has not seen; False where it is another file now."""
        path, past = fresh.path, self._interview.history.since(fresh.path, known.version)
        if known.text is None or fresh.text is None or view.text is None or past is None:
            return False
        changes, text, ahead = diff(known.text, fresh.text), known.text, []
        try:
            for later in (*known.ahead, *past):
                text = apply_changes(text, later)
                ahead.append(map_changes(later, changes))
                changes = map_changes(changes, later, before=True)
        except BadInput:
            return False
        if text != view.text:
            return False
        edited = e.FileEdited(
            path=path, version=view.version + 1, changes=changes, origin="terminal", client="terminal"
        )
        self._interview.record(Draft("terminal", edited))
        # What the disk lacks, the write that this record brings about puts there.
        self._synced[path] = Synced(digest, edited.version, fresh.text, tuple(ahead))
        return True

    def _record_deleted(self, path: str, known: Synced) -> None:
        with self._interview.lock:
            self._synced.pop(path, None)
            view = self._interview.state.files.get(path)
            unchanged = view is not None and view.version == known.version and not known.ahead
            if unchanged and self._interview.state.status in FOLLOWED:
                self._interview.record(Draft("terminal", e.FileDeleted(path=path, origin="terminal")))


def one_holds_the_other(path: str, other: str) -> bool:
    """Whether one path is a folder on the way to the other."""
    return path.startswith(other + "/") or other.startswith(path + "/")
