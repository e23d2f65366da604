"""The server's end of the agent's stream: ``Sandbox`` over any byte stream, for every backend.

Owns request numbers, deadlines, what waits to be sent, and the threads that read, write and tell. Invariant: the reading thread
never waits for anybody but the stream; whatever the agent sends is checked (``answers``) and bounded, and bytes that break the
protocol end the sandbox, never the server. Leaves out a terminal's windows (``pipes``), how the stream came to be
(``sandbox.backends``) and what happens inside (``sandbox.agent``, which also defines the frames).
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext

from interviews.errors import (
    BadInput,
    FileChanged,
    NotFound,
    NotRegular,
    PairsightError,
    PlatformFailure,
    WorkspaceFull,
)
from sandbox.agent import (
    MAX_CHANGES,
    MAX_FILES,
    MAX_PATH,
    VERSION,
    WINDOW,
    Decoder,
    FrameError,
    Header,
    Refused,
    integer,
    pack,
    pack_all,
    rows,
)
from sandbox.answers import as_change, as_count, as_digest, as_path
from sandbox.base import Change, ExecResult, FileEntry, Limits, Pipe, Terminal
from sandbox.pipes import AgentPipe, AgentTerminal, check_size
from sandbox.stream import Stream
from sandbox.yielding import END_S, Branch

CALL_SECONDS = 20.0
EXEC_GRACE_SECONDS = 15.0
MAX_QUEUED_CHANGES = 1000
MAX_UNSENT_BYTES = 96 << 20
MAX_UNSENT_POSTS = 4 << 20
MAX_LIST_BYTES = MAX_FILES * (MAX_PATH + 100)
HEARTBEAT_SECONDS = 5.0
PING_SECONDS = 10.0


class Call:
    """A request on its way: what came back so far, and how much may come."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.body = bytearray()
        self.done = threading.Event()
        self.reply: Header | None = None


class AgentSandbox:
    """``Sandbox`` (see ``sandbox.base``) over a ``Stream`` whose agent has just been started."""

    def __init__(
        self,
        backend: str,
        stream: Stream,
        limits: Limits,
        *,
        hello_seconds: float = 10.0,
        branch: Branch | None = None,
    ) -> None:
        """``branch`` is whose programs come last, if these do. Raises ``PlatformFailure`` when the agent does not say hello in
        time; the stream is ended then.
        """
        self._branch = branch
        self._backend = backend
        self._stream = stream
        self._limits = limits
        self._lock = threading.Lock()
        self._calls: dict[int, Call] = {}
        self._pipes: dict[int, AgentPipe] = {}
        self._next = 0
        self._hello = threading.Event()
        self._gone = ""
        self._stopped = False
        self._final = False
        self._told = False
        self._released = False
        self._on_lost: list[Callable[[str], None]] = []
        self._on_change: Callable[[Change], None] | None = None
        self._changes: deque[Change] = deque()
        self._news = threading.Condition(self._lock)
        self._outbox: deque[bytes] = deque()
        self._outbox_bytes = 0
        self._posts: deque[bytes] = deque()
        self._posts_bytes = 0
        self._unheard = False
        self._sendable = threading.Condition(self._lock)
        self._threads = [
            threading.Thread(target=loop, name=f"sandbox-{name}", daemon=True)
            for name, loop in (("read", self._read), ("write", self._write), ("tell", self._tell))
        ]
        for thread in self._threads:
            thread.start()
        if not self._hello.wait(hello_seconds) or self._gone:
            reason = self._gone or f"no answer from the sandbox within {hello_seconds:g} s"
            self.stop()
            raise PlatformFailure("The sandbox did not start: %(reason)s", reason=reason)

    # --- what the service calls ---

    @property
    def backend(self) -> str:
        return self._backend

    @property
    def place(self) -> str:
        return self._stream.place

    @property
    def alive(self) -> bool:
        return not self._gone

    def read(self, path: str) -> bytes:
        return self._call({"op": "read", "path": path}, cap=self._limits.file_bytes + 1, path=path)[1]

    def write(self, path: str, data: bytes, expected: str | None = None) -> None:
        if len(data) > self._limits.file_bytes:
            raise self._error("too_big", "", path)
        header: Header = {"op": "write", "path": path, "size": len(data)}
        if expected is not None:
            header["expected"] = expected
        self._call(header, data, path=path)

    def delete(self, path: str, expected: str | None = None) -> None:
        header: Header = {"op": "delete", "path": path}
        if expected is not None:
            header["expected"] = expected
        self._call(header, path=path)

    def list(self) -> list[FileEntry]:
        _, body = self._call({"op": "list"}, cap=MAX_LIST_BYTES)
        try:
            found = [FileEntry(as_path(p), as_count(s), as_digest(d)) for p, s, d in rows(body, 3, MAX_FILES)]
            paths = [entry.path for entry in found]
            if paths != sorted(set(paths)):
                raise FrameError("a list that is not sorted")
        except FrameError as error:
            raise self._lose(f"the agent broke the protocol ({error})") from error
        return found

    def exec(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        timeout_s: float = 60.0,
        output_cap: int = 1 << 20,
    ) -> ExecResult:
        head = json.dumps({"argv": list(argv), "env": dict(env or {})}).encode()
        header: Header = {"op": "exec", "head": len(head), "size": len(head) + len(stdin)}
        header |= {"timeout_ms": max(1, int(timeout_s * 1000)), "cap": output_cap}
        ok, body = self._call(header, head + stdin, cap=2 * output_cap + 4096, seconds=timeout_s + EXEC_GRACE_SECONDS)
        try:
            cut = integer(ok, "stdout", 0, len(body))
            return ExecResult(
                exit_code=integer(ok, "exit", -255, 255),
                stdout=body[:cut],
                stderr=body[cut:],
                timed_out=ok.get("timed_out") is True,
                truncated=ok.get("truncated") is True,
                duration_ms=integer(ok, "ms", 0, 1 << 40),
            )
        except Refused as refused:
            raise self._lose(f"the agent broke the protocol ({refused.detail})") from refused

    def open_terminal(
        self,
        *,
        cols: int,
        rows: int,
        on_output: Callable[[bytes], None],
        on_exit: Callable[[int], None],
        argv: Sequence[str] | None = None,
    ) -> Terminal:
        check_size(cols, rows)
        terminal = AgentTerminal(self.post, self._number(), on_output, on_exit)
        header: Header = {"op": "open", "cols": cols, "rows": rows}
        if argv is not None:
            header["argv"] = list(argv)
        self._open(terminal, header)
        return terminal

    def open_pipe(
        self,
        argv: Sequence[str],
        *,
        on_output: Callable[[bytes], None],
        on_exit: Callable[[int], None],
        env: Mapping[str, str] | None = None,
    ) -> Pipe:
        pipe = AgentPipe(self.post, self._number(), on_output, on_exit)
        self._open(pipe, {"op": "pipe"}, json.dumps({"argv": list(argv), "env": dict(env or {})}).encode())
        return pipe

    def _open(self, pipe: AgentPipe, header: Header, body: bytes = b"") -> None:
        """Ask for a terminal or pipe whose output may come before the answer does."""
        with self._lock:
            self._pipes[pipe.number] = pipe
        try:
            ok, _ = self._call({**header, "term": pipe.number, "credit": WINDOW}, body)
            pipe.begin(integer(ok, "window", 0, WINDOW))
        except Refused as refused:
            raise self._lose(f"the agent broke the protocol ({refused.detail})") from refused
        except PairsightError:
            with self._lock:
                self._pipes.pop(pipe.number, None)
            raise

    def _number(self) -> int:
        with self._lock:
            self._next += 1
            return self._next

    def watch(self, on_change: Callable[[Change], None]) -> None:
        with self._lock:
            self._on_change = on_change
        self._call({"op": "watch"})

    def on_lost(self, callback: Callable[[str], None]) -> None:
        with self._lock:
            if not self._told:
                self._on_lost.append(callback)
                return
            stopped, reason = self._stopped, self._gone
        if not stopped:
            threading.Thread(target=callback, args=(reason,), daemon=True).start()

    def leave(self) -> None:
        self._finish("it was left", self._stream.hang_up if self.place else self._stream.end)

    def stop(self) -> None:
        self._finish("it was stopped", self._stream.end)

    def _finish(self, reason: str, last: Callable[[], str]) -> None:
        """Nobody is told of this end. After a loss only ``last`` is left to do."""
        with self._lock:
            self._stopped = True
        with self._branch.called(END_S) if self._branch else nullcontext():
            self._lose(reason, last)
            last()
        # The telling thread is not waited for: it may be in a callback that waits for whoever stops.
        self._give_back()

    def _give_back(self) -> None:
        """Release the stream once nobody reads or writes; whoever comes second finds it done."""
        for thread in self._threads[:2]:
            if thread is not threading.current_thread():
                thread.join(5)
        with self._lock:
            busy = any(thread.is_alive() for thread in self._threads[:2])
            first, self._released = not self._released and not busy, self._released or not busy
        if first:
            self._stream.release()

    # --- requests ---

    def post(self, header: Header, body: bytes = b"") -> None:
        """Send a frame that has no answer, ahead of requests; what can no longer be sent is dropped."""
        frame = pack(header, body)
        with self._lock:
            if self._gone or self._unheard:
                return
            self._posts.append(frame)
            self._posts_bytes += len(frame)
            self._sendable.notify_all()
            if self._posts_bytes > MAX_UNSENT_POSTS:
                self._unheard = True
                # The caller may hold a lock that the loss needs.
                threading.Thread(target=self._lose, args=("its agent does not listen",), daemon=True).start()

    def _call(
        self,
        header: Header,
        body: bytes = b"",
        *,
        cap: int = 0,
        seconds: float = CALL_SECONDS,
        path: str = "",
        urgent: bool = False,
    ) -> tuple[Header, bytes]:
        """Ask and wait. Returns the reply's fields and body. Raises as ``sandbox.base`` says.

        An ``urgent`` request goes ahead of all others.
        """
        deadline = time.monotonic() + seconds
        call = Call(cap)
        with self._lock:
            self._next += 1
            number = self._next
            try:
                frames = list(pack_all({"id": number, **header}, body))
            except FrameError as error:
                raise BadInput("Expected a shorter name, got %(count)s characters.", count=len(path)) from error
            while not (self._gone or urgent) and self._outbox_bytes + len(body) > MAX_UNSENT_BYTES and self._outbox:
                if not self._sendable.wait(max(0.0, deadline - time.monotonic())):
                    raise PlatformFailure("The sandbox did not answer within %(seconds)s s.", seconds=f"{seconds:g}")
            if self._gone:
                raise PlatformFailure("The sandbox is gone: %(reason)s", reason=self._gone)
            self._calls[number] = call
            if urgent:
                self._posts.extend(frames)
                self._posts_bytes += sum(map(len, frames))
            else:
                self._outbox.extend(frames)
                self._outbox_bytes += sum(map(len, frames))
            self._sendable.notify_all()
        with self._branch.called() if self._branch else nullcontext():
            call.done.wait(max(0.0, deadline - time.monotonic()))
        with self._lock:
            self._calls.pop(number, None)
            gone = self._gone
        if call.reply is None:
            if gone:
                raise PlatformFailure("The sandbox is gone: %(reason)s", reason=gone)
            if not urgent:
                self._see_whether_it_lives()
            raise PlatformFailure("The sandbox did not answer within %(seconds)s s.", seconds=f"{seconds:g}")
        ok = call.reply.get("ok")
        if isinstance(ok, dict):
            return ok, bytes(call.body)
        raise self._error(str(call.reply.get("error")), str(call.reply.get("detail", "")), path)

    def _see_whether_it_lives(self) -> None:
        """The agent may be busy, stopped by a candidate, or dead. Raises ``PlatformFailure`` unless it answers."""
        try:
            self._call({"op": "ping"}, seconds=PING_SECONDS, urgent=True)
        except PlatformFailure as failure:
            raise self._lose("its agent does not answer") from failure

    def _error(self, code: str, detail: str, path: str) -> PairsightError:
        """An agent's refusal in words."""
        if code == "full":
            return WorkspaceFull("The workspace is full: %(path)s was not written.", path=path)
        if code == "not_found":
            return NotFound("There is no file %(path)s.", path=path)
        if code == "bad_path":
            return BadInput("Expected a path inside the workspace, got %(path)s.", path=repr(path))
        if code == "not_regular":
            return NotRegular("Expected a regular file, got something else at %(path)s.", path=path)
        if code == "changed":
            return FileChanged("Expected %(path)s as it was last seen, it has changed since.", path=path)
        if code == "denied":
            return BadInput("The permissions of %(path)s do not allow this.", path=path)
        if code == "too_big":
            return BadInput(
                "Expected a file of at most %(limit)s bytes, %(path)s is larger.",
                path=path,
                limit=self._limits.file_bytes,
            )
        if code == "bad_request":
            return BadInput("The sandbox cannot take this: %(reason)s", reason=detail[:500])
        return PlatformFailure("The sandbox could not do this: %(reason)s", reason=(detail or code)[:500])

    # --- the threads ---

    def _read(self) -> None:
        decoder = Decoder()
        reason = "its process ended"
        try:
            while data := self._stream.read():
                for header, body in decoder.feed(data):
                    self._take(header, body)
        except OSError as error:
            reason = f"its stream broke ({error.strerror})"
        except (FrameError, Refused) as error:
            reason = f"the agent broke the protocol ({error})"
        self._lose(reason)

    def _take(self, header: Header, body: bytes) -> None:
        """One frame from the agent. Raises ``FrameError`` or ``Refused`` for one that it may not send."""
        if "id" in header:
            self._answered(header, body)
            return
        event = header.get("event")
        if event == "hello":
            if header.get("version") != VERSION:
                raise FrameError(f"expected protocol version {VERSION}, got {header.get('version')!r}"[:200])
            self._hello.set()
        elif event == "changes":
            self._changed(body)
        elif event in ("output", "exit", "credit"):
            number = integer(header, "term", 0, 1 << 40)
            with self._lock:
                pipe = self._pipes.get(number)
                if event == "exit":
                    self._pipes.pop(number, None)
                last = self._next
            if number > last:
                raise FrameError("a terminal or pipe that was never opened")
            if pipe is None:
                # Its opening was given up.
                return
            if event == "output":
                pipe.arrived(body)
            elif event == "credit":
                pipe.credit(integer(header, "n", 0, WINDOW))
            else:
                pipe.ended(integer(header, "code", -255, 255))
        else:
            raise FrameError(f"unknown event {event!r}"[:200])

    def _answered(self, header: Header, body: bytes) -> None:
        number = integer(header, "id", 1, 1 << 40)
        with self._lock:
            if number > self._next:
                raise FrameError("an answer to no request")
            call = self._calls.get(number)
        if call is None:
            # Its caller has given up waiting.
            return
        if call.reply is not None or len(call.body) + len(body) > call.cap:
            raise FrameError("an answer longer than asked for")
        call.body += body
        if not header.get("more"):
            call.reply = header
            call.done.set()

    def _changed(self, body: bytes) -> None:
        changes = [as_change(kind, path) for kind, path in rows(body, 2, MAX_CHANGES)]
        with self._lock:
            self._changes.extend(changes)
            if len(self._changes) > MAX_QUEUED_CHANGES:
                self._changes.clear()
                self._changes.append(Change("overflow", ""))
            self._news.notify_all()

    def _write(self) -> None:
        while True:
            with self._lock:
                while not (self._posts or self._outbox or self._gone):
                    self._sendable.wait()
                if self._gone:
                    return
                posted = bool(self._posts)
                frame = (self._posts or self._outbox).popleft()
            try:
                self._stream.write(frame)
            except OSError:
                # The reader sees the end too and knows what the agent said last.
                return
            with self._lock:
                if posted:
                    self._posts_bytes -= len(frame)
                else:
                    self._outbox_bytes -= len(frame)
                self._sendable.notify_all()

    def _tell(self) -> None:
        """Call back about changes and about the loss, away from the reader; when all is quiet, ask the agent for a sign.

        A stopped agent, and a runtime that died, leave the stream open.
        """
        while True:
            with self._lock:
                quiet = False
                while not (self._changes or self._final or quiet):
                    quiet = not self._news.wait(HEARTBEAT_SECONDS)
            if quiet:
                with contextlib.suppress(PlatformFailure):
                    if self._hello.is_set():
                        self._see_whether_it_lives()
                continue
            with self._lock:
                if self._changes and not self._stopped:
                    change, on_change = self._changes.popleft(), self._on_change
                else:
                    change, on_change = None, None
                    self._told = True
                stopped, reason = self._stopped, self._gone
            if change is None:
                break
            if on_change is not None:
                with contextlib.suppress(Exception):
                    on_change(change)
        for callback in [] if stopped else self._on_lost:
            with contextlib.suppress(Exception):
                callback(reason)
        self._give_back()

    def _lose(self, reason: str, last: Callable[[], str] | None = None) -> PlatformFailure:
        """Declare the sandbox gone, once; wakes everybody who waits. ``last`` ends the stream; None: hang up.

        Returns what to raise.
        """
        with self._lock:
            first = not self._gone
            if first:
                self._gone = reason
            calls, pipes = list(self._calls.values()), list(self._pipes.values())
            self._calls.clear()
            self._pipes.clear()
            self._outbox.clear()
            self._posts.clear()
            self._sendable.notify_all()
        if first:
            last_words = (last or self._stream.hang_up)()
            with self._lock:
                if last_words and not self._stopped:
                    self._gone = f"{reason}: {last_words}"
                # Only now is the loss told: the last words are the best of the reason.
                self._final = True
        with self._lock:
            self._news.notify_all()
        for call in calls:
            call.done.set()
        for pipe in pipes:
            pipe.ended(-9)
        self._hello.set()
        return PlatformFailure("The sandbox is gone: %(reason)s", reason=self._gone)
