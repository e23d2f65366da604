"""When log and disk of an interview are brought together.

Owns the worker thread that does it all, in order, and what makes it begin: a change in the log, a change on disk, someone
who waits for both to be the same. Invariant: however fast either side changes, a file waits once. Leaves out what is done
then (``mirror``).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

from interviews import events as e
from interviews.errors import PairsightError, PlatformFailure
from interviews.service.editing import ignored
from interviews.service.interview import Interview
from interviews.service.mirror import Mirror
from interviews.service.synced import Synced
from sandbox.base import Change, Sandbox

FLUSH_DELAY_S = 0.15
# A checkout removes a file for a moment before it writes it anew, and a move may be told in two parts.
GONE_S = 0.1
RESUME_S = 30
_RESCAN = ""


class Disk:
    """Follows one interview's files on one sandbox."""

    def __init__(self, interview: Interview, sandbox: Sandbox) -> None:
        self._interview, self._sandbox = interview, sandbox
        self._mirror = Mirror(interview, sandbox)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=f"disk-{interview.id}")
        self._pending = threading.Event()
        self._changed: dict[str, None] = {}
        self._noting = threading.Lock()
        self._closed = False

    def begin(self) -> list[str]:
        """Write the log's files to the fresh sandbox, then watch it; returns those that are no text and were not kept."""
        missing: list[str] = []
        self._wait(lambda: missing.extend(self._mirror.write_kept()), RESUME_S)
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
        return self._mirror.synced

    def close(self) -> None:
        """Stop following."""
        self._closed = True
        self._worker.shutdown(wait=False, cancel_futures=True)

    def touch(self, records: list[e.Record]) -> None:
        """A listener: files changed in the log reach the disk soon; what was typed with what follows, what was accepted at once."""
        types = {record.type for record in records}
        if not types.isdisjoint(("file.edited", "file.snapshotted", "file.deleted")):
            self._soon(0 if "suggestion.decided" in types else FLUSH_DELAY_S)

    def flush(self, timeout_s: float = 20) -> None:
        """Bring disk and log together now, both ways. Raises ``PlatformFailure`` when the sandbox is gone or too slow."""
        self._wait(self._sync, timeout_s)

    def flush_changed(self) -> None:
        """As ``flush``, before a command; a disk that cannot follow is told elsewhere."""
        with contextlib.suppress(PairsightError):
            self.flush(5)

    def rescan(self, timeout_s: float = 20) -> None:
        """Import whatever changed on disk, noticed or not. Raises as ``flush`` does."""
        self._wait(self._mirror.rescan, timeout_s)

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

    def _soon(self, seconds: float = FLUSH_DELAY_S) -> None:
        if not self._pending.is_set():
            self._pending.set()
            self._after(seconds, self._sync_pending)

    def _sync_pending(self) -> None:
        self._pending.clear()
        self._sync()

    def _after(self, seconds: float, work: Callable[[], None]) -> None:
        if not self._closed:
            timer = threading.Timer(seconds, self._quietly, [work])
            timer.daemon = True
            timer.start()

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
        self._look(None if _RESCAN in changed else changed)

    def _look(self, paths: Collection[str] | None, overdue: Collection[str] = ()) -> None:
        missing = self._mirror.look(paths, overdue)
        if missing:
            self._after(GONE_S, lambda: self._look(missing, missing))

    def _sync(self) -> None:
        if not self._mirror.sync():
            self._soon()

    def _quietly(self, work: Callable[[], None]) -> None:
        # A lost sandbox is told by its own callback; what is left to do here will be done by its successor.
        if not self._closed:
            with contextlib.suppress(PlatformFailure):
                self._submit(work).add_done_callback(lambda done: done.cancelled() or done.exception())

    def _resume(self, known: Mapping[str, Synced] | None, until_ms: int) -> None:
        # Watched first, so that nothing is missed; what it tells waits behind this.
        self._sandbox.watch(self._on_change)
        self._mirror.recall(known, until_ms)
        self._mirror.rescan()
        self._sync()
