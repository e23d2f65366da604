"""The program inside the sandbox: files, commands, terminals and a watch, over one framed stream.

Owns the wire format (``Decoder``, ``pack``; the server imports them from here) and everything that is done on the
sandbox's side. Invariant: one file, standard library only, nothing here may do what the candidate could not do by
hand; whatever arrives is checked, whatever leaves is bounded, and the end of the input is the end of the program.
Leaves out policy: limits come in as the one argument, what the calls mean stands in ``sandbox/base.py``.

A frame is ``magic u16, header length u16, body length u32`` (big endian), a JSON object, raw bytes. Requests carry
``id`` and ``op``; replies the same ``id`` and ``ok`` or ``error``. A body larger than one frame comes first in frames
with ``more``. Frames without ``id`` are terminal input, credit and events. Terminal output flows only while the reader
has given credit for it, and terminal input only while the agent has, so neither side can be made to hold more than a
window.

It is long because it must be one file: it is handed into a container as a single program.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import itertools
import json
import os
import queue
import resource
import select
import signal
import stat
import struct
import subprocess
import sys
import termios
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    Header = dict[str, Any]
else:
    # Two modules less to load.
    Header = dict

VERSION = 2
MAGIC = 0x5053
PREFIX = struct.Struct(">HHI")
MAX_HEADER = 16 << 10
MAX_BODY = 256 << 10
MAX_REQUEST = 64 << 20
WINDOW = 256 << 10
MAX_FILES = 2000
MAX_DEPTH = 32
MAX_PATH = MAX_DEPTH * 256
MAX_CHANNELS = 8
# A command that had to wait longer is not begun: who asked may have given up.
MAX_QUEUED_SECONDS = 10.0
# Paths of the longest kind still fit one frame.
MAX_CHANGES = 30
HASH_BUDGET = 256 << 20
# A terminal whose program says little at a time is read this often: each frame costs the server more than its bytes.
REST_MS, LITTLE = 4, 2048
# No kernel holds more than some pages of a terminal's output; gVisor holds all of it, in the sandbox's memory.
MAX_UNREAD = 4 << 20
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 22, 36, 38
SECCOMP_MODE_FILTER = 2
TEMP_PREFIX = ".pairsight-tmp-"
SKIPPED_DIRS = frozenset(
    {
        ".git",
        ".hg",
        ".hypothesis",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".venv",
        "__pycache__",
        "node_modules",
    }
)

# --- the wire -------------------------------------------------------------------------------------------------------


class FrameError(Exception):
    """The bytes are not a frame of this protocol."""


def pack(header: Mapping[str, Any], body: bytes = b"") -> bytes:
    """One frame. Raises ``FrameError`` when a part is too long."""
    head = json.dumps(header, separators=(",", ":")).encode("ascii")
    if len(head) > MAX_HEADER or len(body) > MAX_BODY:
        raise FrameError(f"frame of {len(head)} + {len(body)} bytes is too long")
    return PREFIX.pack(MAGIC, len(head), len(body)) + head + body


def pack_all(header: Mapping[str, Any], body: bytes = b"") -> Iterator[bytes]:
    """A message of any size as frames; all but the last carry ``more``."""
    view = memoryview(body)
    while len(view) > MAX_BODY:
        yield pack({"id": header["id"], "more": True}, bytes(view[:MAX_BODY]))
        view = view[MAX_BODY:]
    yield pack(header, bytes(view))


class Decoder:
    """Turns a byte stream into frames; holds at most one frame and one read."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Header, bytes]]:
        """The frames completed by ``data``. Raises ``FrameError`` on anything else."""
        self._buffer += data
        while len(self._buffer) >= PREFIX.size:
            magic, head_len, body_len = PREFIX.unpack_from(self._buffer)
            if magic != MAGIC or head_len > MAX_HEADER or body_len > MAX_BODY:
                raise FrameError("not a frame")
            end = PREFIX.size + head_len + body_len
            if len(self._buffer) < end:
                return
            head = bytes(self._buffer[PREFIX.size : PREFIX.size + head_len])
            body = bytes(self._buffer[PREFIX.size + head_len : end])
            del self._buffer[:end]
            try:
                header = json.loads(head)
            except (ValueError, RecursionError) as error:
                raise FrameError("the header is not JSON") from error
            if not isinstance(header, dict):
                raise FrameError("the header is not an object")
            yield header, body


def pack_rows(rows: Sequence[tuple[object, ...]]) -> bytes:
    """A table as text: fields end with NUL, rows are of one length. Flat, so that reading it cannot take much memory."""
    return b"".join(str(field).encode() + b"\0" for row in rows for field in row)


def rows(data: bytes, width: int, most: int) -> list[tuple[str, ...]]:
    """The rows of a table with ``width`` fields. Raises ``FrameError`` for more than ``most`` or anything else."""
    count = data.count(b"\0")
    if count % width or count > width * most or data[-1:] not in (b"", b"\0"):
        raise FrameError(f"expected at most {most} rows of {width}, got {count} fields")
    try:
        fields = data.decode().split("\0")
    except UnicodeDecodeError as error:
        raise FrameError("a table that is no text") from error
    return [tuple(fields[at : at + width]) for at in range(0, count, width)]


class Refused(Exception):
    """A request that is answered with an error ``code`` (see ``sandbox.client``)."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def integer(header: Header, key: str, low: int, high: int) -> int:
    """``header[key]`` as a whole number within bounds. Raises ``Refused``."""
    value = header.get(key)
    if type(value) is not int or not low <= value <= high:
        raise Refused("bad_request", f"{key}: expected a whole number from {low} to {high}, got {value!r}"[:200])
    return value


def strings(value: object, what: str) -> list[str]:
    """``value`` as a list of strings without NUL. Raises ``Refused``."""
    if not isinstance(value, list) or not all(isinstance(item, str) and "\0" not in item for item in value):
        raise Refused("bad_request", f"{what}: expected a list of strings without NUL")
    return value


class Out:
    """The only writer of the output; a frame is never torn. Without a reader ``gone`` is called, which does not return."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.Lock()
        self.gone: Callable[[], None] = lambda: os._exit(0)

    def send(self, header: Mapping[str, Any], body: bytes = b"") -> None:
        try:
            for frame in pack_all(header, body) if "id" in header else (pack(header, body),):
                view = memoryview(frame)
                with self._lock:
                    while view:
                        view = view[os.write(self._fd, view) :]
        except OSError:
            self.gone()


# --- files ----------------------------------------------------------------------------------------------------------

LIST_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Not together with O_DIRECTORY, which makes gVisor follow the link after all.
STEP_FLAGS = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def refusal(error: OSError) -> Refused:
    """An operating-system error as an answer."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Refused("full")
    if error.errno == errno.EFBIG:
        return Refused("too_big")
    if error.errno == errno.ENOENT:
        return Refused("not_found")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Refused("denied")
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO):
        return Refused("not_regular")
    return Refused("failed", os.strerror(error.errno or 0))


def plain(name: str) -> bool:
    """Whether a file name is text that a page can show: valid UTF-8 without control characters."""
    return name.isprintable() or not any(ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in name)


def split(path: object) -> list[str]:
    """A relative path as its parts. Raises ``Refused("bad_path")`` for anything that could leave the workspace."""
    if not isinstance(path, str) or not plain(path):
        raise Refused("bad_path")
    parts = path.split("/")
    if len(parts) > MAX_DEPTH or any(p in ("", ".", "..") or len(os.fsencode(p)) > 255 for p in parts):
        raise Refused("bad_path")
    return parts


def sha256(file: io.FileIO) -> str:
    """Hexadecimal digest of a whole file. The library is loaded when first needed: it is a tenth of the start."""
    import hashlib

    return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def opened(name: str, flags: int, dir_fd: int) -> Iterator[int]:
    """A descriptor for a while. Raises ``OSError``."""
    fd = os.open(name, flags, dir_fd=dir_fd)
    try:
        yield fd
    finally:
        os.close(fd)


class Files:
    """The workspace, walked by descriptor: a symbolic link is never followed, a special file never opened."""

    def __init__(self, root: str) -> None:
        self.root = os.open(root, LIST_FLAGS)
        self._hashes: dict[tuple[int, int, int, int], str] = {}
        self._swap = threading.Lock()

    @contextlib.contextmanager
    def folder(self, parts: Sequence[str], create: bool = False) -> Iterator[int]:
        """A descriptor that stands for a folder below the root, reached one component at a time."""
        fd = os.dup(self.root)
        try:
            for part in parts:
                if create:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, 0o755, dir_fd=fd)
                below = os.open(part, STEP_FLAGS, dir_fd=fd)
                os.close(fd)
                fd = below
                if not stat.S_ISDIR(os.fstat(fd).st_mode):
                    raise Refused("not_regular")
            yield fd
        except OSError as error:
            raise refusal(error) from error
        finally:
            os.close(fd)

    def open_regular(self, name: str, dir_fd: int) -> int:
        """A descriptor for reading a regular file. Raises ``OSError``, ``Refused``.

        Anything else is not even opened: that would wake whoever waits at a FIFO. Where one slips in between,
        ``O_NONBLOCK`` keeps the opening from waiting.
        """
        if not stat.S_ISREG(os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_mode):
            raise Refused("not_regular")
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=dir_fd)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise Refused("not_regular")
        return fd

    def read(self, path: object, cap: int) -> bytes:
        *above, name = split(path)
        with self.folder(above) as folder:
            fd = self.open_regular(name, folder)
            with os.fdopen(fd, "rb", buffering=0) as file:
                if os.fstat(fd).st_size > cap:
                    raise Refused("too_big")
                data = bytearray()
                while len(data) <= cap and (chunk := file.read(1 << 20)):
                    data += chunk
        if len(data) > cap:
            raise Refused("too_big")
        return bytes(data)

    def write(self, path: object, data: bytes, expected: object = None) -> None:
        """Replace a file whole, or make it with its folders. Raises ``Refused``.

        ``expected`` is the SHA-256 of what may be replaced, "" for nothing at all, None for whatever is there.
        """
        *above, name = split(path)
        try:
            with self.folder(above, create=not expected) as folder:
                self._replace(folder, name, data, expected)
        except Refused as refused:
            raise Refused("changed") if expected and refused.code == "not_found" else refused from None

    def _replace(self, folder: int, name: str, data: bytes, expected: object) -> None:
        mode = 0o644
        with contextlib.suppress(FileNotFoundError):
            old = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISREG(old.st_mode):
                raise Refused("not_regular")
            mode = stat.S_IMODE(old.st_mode) & 0o777
        temp = TEMP_PREFIX + os.urandom(8).hex()
        fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            with os.fdopen(fd, "wb", buffering=0) as file:
                view = memoryview(data)
                while view:
                    view = view[file.write(view) or 0 :]
                os.fchmod(fd, mode)
            # Writers that go through here are one after the other; a program in between has microseconds.
            with self._swap:
                if expected is not None and self._present(folder, name) != expected:
                    raise Refused("changed")
                os.rename(temp, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temp, dir_fd=folder)
            raise

    def _present(self, folder: int, name: str) -> str:
        """The SHA-256 of a regular file, "" where there is nothing. Raises ``OSError``, ``Refused``."""
        try:
            fd = self.open_regular(name, folder)
        except FileNotFoundError:
            return ""
        with os.fdopen(fd, "rb", buffering=0) as file:
            return sha256(file)

    def delete(self, path: object, expected: object = None) -> None:
        """Raises ``Refused``. ``expected`` as for ``write``."""
        *above, name = split(path)
        with self.folder(above) as folder, self._swap:
            if expected is not None and self._present(folder, name) != expected:
                raise Refused("changed")
            os.unlink(name, dir_fd=folder)

    def digest(self, name: str, dir_fd: int, size_cap: int) -> tuple[int, str] | None:
        """Size and SHA-256 of a regular file, or None when it is none or too large to look at."""
        try:
            fd = self.open_regular(name, dir_fd)
        except (OSError, Refused):
            return None
        with os.fdopen(fd, "rb", buffering=0) as file:
            info = os.fstat(fd)
            if info.st_size > size_cap:
                return None
            key = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
            known = self._hashes.get(key)
            if known is None:
                known = sha256(file)
                if len(self._hashes) > 4 * MAX_FILES:
                    self._hashes.clear()
                # File times move in ticks of some milliseconds: two writes within one look the same.
                if time.time_ns() - info.st_ctime_ns > 100_000_000:
                    self._hashes[key] = known
        return info.st_size, known

    def walk(
        self, start: Sequence[str] = (), enter: Callable[[str, int], None] = lambda path, fd: None
    ) -> Iterator[tuple[str, list[str], int]]:
        """Folders below ``start`` as (path, names of non-folders, descriptor), bounded in depth and number.

        A folder that may not be listed is as good as empty.

        ``enter(path, descriptor)`` is called before a folder is listed.
        """
        waiting: list[tuple[str, ...]] = [tuple(start)]
        visited = 0
        while waiting and visited < MAX_FILES:
            parts = waiting.pop()
            visited += 1
            try:
                with self.folder(parts) as fd, opened(".", LIST_FLAGS, fd) as listed:
                    enter("/".join(parts), fd)
                    names = []
                    with os.scandir(listed) as entries:
                        for number, entry in enumerate(entries):
                            if number > 5 * MAX_FILES:
                                break
                            if not plain(entry.name) or entry.name.startswith(TEMP_PREFIX):
                                continue
                            if not entry.is_dir(follow_symlinks=False):
                                names.append(entry.name)
                            elif (
                                entry.name not in SKIPPED_DIRS
                                and len(parts) < MAX_DEPTH - 1
                                and visited + len(waiting) < MAX_FILES
                            ):
                                waiting.append((*parts, entry.name))
                    yield "/".join(parts), sorted(names), fd
            except Refused:
                continue

    def list(self, file_cap: int) -> list[tuple[str, int, str]]:
        """Path, size and SHA-256 of regular files, sorted by path."""
        # By path: what is renamed while a folder is read can come up twice.
        found: dict[str, tuple[str, int, str]] = {}
        budget = HASH_BUDGET
        for above, names, fd in self.walk():
            for name in names:
                if len(found) >= MAX_FILES or budget <= 0:
                    break
                seen = self.digest(name, fd, file_cap)
                if seen is not None:
                    budget -= seen[0]
                    path = f"{above}/{name}" if above else name
                    found[path] = (path, *seen)
        return sorted(found.values())


# --- processes ------------------------------------------------------------------------------------------------------


class Children:
    """Reaps every process that ends, ours and orphans; nobody else waits. ``reaper`` is whose children orphans become."""

    def __init__(self, reaper: int) -> None:
        self.reaper = reaper
        self.lock = threading.Lock()
        self.spawned = threading.Event()
        self.known: dict[int, Callable[[int], None]] = {}

    def spawn(
        self,
        argv: Sequence[str],
        on_exit: Callable[[int], None],
        *,
        env: Mapping[str, str],
        cwd: str,
        stdio: tuple[int, int, int],
        keep: tuple[int, ...] = (),
        before: Callable[[], None] | None = None,
    ) -> int:
        """Start a program in its own session and return its process id. Raises ``OSError``."""
        with self.lock:
            process = subprocess.Popen(
                argv,
                env=dict(env),
                cwd=cwd,
                stdin=stdio[0],
                stdout=stdio[1],
                stderr=stdio[2],
                pass_fds=keep,
                start_new_session=True,
                preexec_fn=before,
            )

            def ended(code: int) -> None:
                process.returncode = code
                on_exit(code)

            self.known[process.pid] = ended
        self.spawned.set()
        return process.pid

    def reap_forever(self) -> None:
        while True:
            try:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            except ChildProcessError:
                self.spawned.wait()
                self.spawned.clear()
                continue
            if found is None:
                continue
            with self.lock:
                on_exit = self.known.pop(found.si_pid, None)
                try:
                    _, status = os.waitpid(found.si_pid, 0)
                except ChildProcessError:
                    continue
            if on_exit is not None:
                on_exit(os.waitstatus_to_exitcode(status))


class Process:
    """One line of the process table."""

    def __init__(self, pid: int, fields: Sequence[bytes]) -> None:
        self.pid = pid
        self.state = fields[0]
        self.parent, self.group, self.session = int(fields[1]), int(fields[2]), int(fields[3])
        self.resident = int(fields[21]) * resource.getpagesize()


def processes() -> dict[int, Process]:
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                found[int(name)] = Process(int(name), file.read().rpartition(b")")[2].split())
    return found


class Ended:
    """A process's end as something to poll for; setting it after ``close`` does nothing."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.code: int | None = None
        self._lock = threading.Lock()
        self._open = True

    def set(self, code: int) -> None:
        self.code = code
        with self._lock:
            if self._open:
                os.eventfd_write(self.fd, 1)

    def close(self) -> None:
        with self._lock:
            self._open = False
            os.close(self.fd)


class Jobs:
    """Runs commands to their end and leaves nothing of them behind."""

    MARK = "PAIRSIGHT_JOB"

    def __init__(self, children: Children, root: str, env: Mapping[str, str], cpu_seconds: int) -> None:
        self.children = children
        self.root = root
        self.env = env
        self.cpu_seconds = cpu_seconds
        self.live: dict[str, int] = {}
        self.agent = os.urandom(4).hex()
        self.earlier = frozenset(self._earlier())
        self._numbers = itertools.count(1)

    def limit(self) -> None:
        """In a new child: processor time is limited for programs, not for the agent; and the agent goes first."""
        if self.cpu_seconds:
            resource.setrlimit(resource.RLIMIT_CPU, (self.cpu_seconds, self.cpu_seconds))
        os.nice(5)

    def mark(self, kind: str) -> str:
        return f"{self.agent}.{kind}{next(self._numbers)}"

    def sweep(self, mark: str, leader: int) -> None:
        """Kill all that the job began: its group, session, descendants, and orphans that hid in their own session."""
        for _ in range(100):
            # Under the lock nobody is half way between being started and being known.
            with self.children.lock:
                table = processes()
                known = set(self.children.known)
            doomed = {p.pid for p in table.values() if leader in (p.pid, p.group, p.session)}
            orphans = [p for p in table.values() if p.parent == self.children.reaper and p.pid not in known]
            doomed |= {p.pid for p in orphans if self._is_orphan_of(p, mark)}
            while more := {p.pid for p in table.values() if p.parent in doomed} - doomed:
                doomed |= more
            living = [pid for pid in doomed if table[pid].state != b"Z" and pid != os.getpid()]
            if not living:
                return
            for sig in (signal.SIGSTOP, signal.SIGKILL):
                for pid in living:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, sig)
            time.sleep(0.002)

    def abandon(self) -> None:
        """Kill what commands and pipes began: nobody waits for them any more. What terminals began goes on."""
        for mark, leader in list(self.live.items()):
            if not self._of_terminal(mark):
                self.sweep(mark, leader)

    @staticmethod
    def _of_terminal(mark: str) -> bool:
        return mark.partition(".")[2].startswith("term")

    def _is_orphan_of(self, process: Process, mark: str) -> bool:
        """Whether it belongs to this job, or to none that lives and can still answer for it."""
        if process.pid == os.getpid() or process.session in self.live.values():
            return False
        try:
            if os.stat(f"/proc/{process.pid}").st_uid not in (os.geteuid(), 0):
                return False
            found = self._mark_of(process.pid)
        except OSError:
            return True
        # What an earlier agent's terminal began goes on, if it was there: a mark that came up since is made up.
        return found == mark or (found not in self.live and found not in self.earlier)

    def _mark_of(self, pid: int) -> str:
        """The job that a process says it belongs to, "" for none. Raises ``OSError`` when it cannot be asked."""
        with open(f"/proc/{pid}/environ", "rb") as file:
            names = file.read(1 << 20).split(b"\0")
        prefix = self.MARK.encode() + b"="
        return next((name[len(prefix) :].decode("ascii", "replace") for name in names if name.startswith(prefix)), "")

    def _earlier(self) -> Iterator[str]:
        """Marks of terminals that an earlier agent had, by programs that are still there."""
        for pid in processes():
            with contextlib.suppress(OSError):
                if self._of_terminal(found := self._mark_of(pid)):
                    yield found

    def run(
        self, argv: Sequence[str], env: Mapping[str, str], stdin: bytes, timeout: float, cap: int
    ) -> tuple[Header, bytes]:
        """Run one command. Returns the reply's fields and stdout followed by stderr."""
        begun = time.monotonic()
        mark = self.mark("run")
        ended = Ended()
        (in_r, in_w), (out_r, out_w), (err_r, err_w) = os.pipe(), os.pipe(), os.pipe()
        streams = Streams(in_w, stdin, out_r, err_r, cap)
        try:
            leader = self.children.spawn(
                argv,
                ended.set,
                env={**self.env, **env, self.MARK: mark},
                cwd=self.root,
                stdio=(in_r, out_w, err_w),
                before=self.limit,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            streams.close()
            ended.close()
            return self._not_started(argv, error, begun)
        finally:
            for fd in (in_r, out_w, err_w):
                os.close(fd)
        self.live[mark] = leader
        try:
            deadline = begun + timeout
            while ended.code is None and (left := deadline - time.monotonic()) > 0:
                streams.pump(ended.fd, left)
            timed_out = ended.code is None
            self.sweep(mark, leader)
            until = time.monotonic() + 2.0
            while (ended.code is None or streams.open) and time.monotonic() < until:
                streams.pump(ended.fd if ended.code is None else -1, 0.05)
            code = -signal.SIGKILL if ended.code is None else ended.code
        finally:
            del self.live[mark]
            streams.close()
            ended.close()
        reply: Header = {
            "exit": 124 if timed_out else code,
            "timed_out": timed_out,
            "truncated": streams.truncated,
            "ms": int((time.monotonic() - begun) * 1000),
            "stdout": len(streams.kept[out_r]),
        }
        return reply, bytes(streams.kept[out_r] + streams.kept[err_r])

    @staticmethod
    def _not_started(argv: Sequence[str], error: Exception, begun: float) -> tuple[Header, bytes]:
        missing = isinstance(error, FileNotFoundError)
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        text = f"{argv[0]}: {'command not found' if missing else reason}\n".encode("utf-8", "replace")
        code = 127 if missing else 126
        ms = int((time.monotonic() - begun) * 1000)
        return {"exit": code, "timed_out": False, "truncated": False, "ms": ms, "stdout": 0}, text


class Streams:
    """Feeds a command's input and keeps the first ``cap`` bytes of each output; the rest is read and dropped."""

    def __init__(self, in_w: int, stdin: bytes, out_r: int, err_r: int, cap: int) -> None:
        self.kept: dict[int, bytearray] = {out_r: bytearray(), err_r: bytearray()}
        self.open = {out_r, err_r}
        self.truncated = False
        self._cap = cap
        self._in = in_w
        self._left = memoryview(stdin)
        self._in_open = True
        os.set_blocking(in_w, False)
        if not stdin:
            self._close_input()

    def _close_input(self) -> None:
        if self._in_open:
            self._in_open = False
            os.close(self._in)

    def pump(self, ended: int, seconds: float) -> None:
        """Wait for one readiness and serve it."""
        poll = select.poll()
        for fd in self.open:
            poll.register(fd, select.POLLIN)
        if self._in_open:
            poll.register(self._in, select.POLLOUT)
        if ended >= 0:
            poll.register(ended, select.POLLIN)
        for fd, _ in poll.poll(max(1, int(min(seconds, 60) * 1000))):
            if fd in self.kept:
                self._read(fd)
            elif fd == self._in:
                self._write()

    def _read(self, fd: int) -> None:
        data = os.read(fd, 1 << 16)
        if not data:
            self.open.discard(fd)
        room = self._cap - len(self.kept[fd])
        self.kept[fd] += data[:room]
        self.truncated = self.truncated or len(data) > room

    def _write(self) -> None:
        try:
            self._left = self._left[os.write(self._in, self._left[: 1 << 16]) :]
        except BlockingIOError:
            return
        except OSError:
            self._left = self._left[:0]
        if not self._left:
            self._close_input()

    def close(self) -> None:
        self._close_input()
        for fd in self.kept:
            os.close(fd)


# --- terminals ------------------------------------------------------------------------------------------------------

# Marks after the convention of OSC 133: A before the prompt, B after it, C with the command line when it starts, D with
# its exit code. PS0 is expanded by the shell itself, so the arithmetic there remembers that a command ran. What they do is
# not traced (``set -x``): standard error is elsewhere meanwhile.
BASHRC = r"""
__ps_quote() {
    local LC_ALL=C text=$1 out='' c i
    (( ${#text} > 4096 )) && text=${text:0:4093}…
    for (( i = 0; i < ${#text}; i++ )); do
        c=${text:i:1}
        case $c in
            [a-zA-Z0-9.~_/-]) out+=$c ;;
            *) printf -v c '%%%02X' "'$c"; out+=${c/#%FFFFFFFFFFFFFF/%} ;;
        esac
    done
    printf '%s' "$out"
}
__ps_start() {
    local line
    set +x
    [[ -o history ]] && line=$(HISTTIMEFORMAT= builtin history 1)
    [[ $line =~ ^[[:space:]]*[0-9]+\*?[[:space:]][[:space:]](.*)$ ]] && line=${BASH_REMATCH[1]}
    printf '\e]133;C;cmdline_url=%s\a' "$(__ps_quote "$line")"
}
__ps_prompt() {
    local code=$?
    (( __ps_ran )) && printf '\e]133;D;%d\a' "$code"
    __ps_ran=0
    return "$code"
}
__ps_ran=0
PS0='${__ps_ran:$((__ps_ran=1,0)):0}$({ __ps_start; } 2>/dev/null)'
PS1='\[\e]133;A\a\]\$ \[\e]133;B\a\]'
PS2='> '
PROMPT_COMMAND='{ __ps_prompt; } 2>/dev/null'
HISTFILE= HISTCONTROL= HISTSIZE=1000
set -o history
shopt -s checkwinsize cmdhist lithist histappend
alias ls='ls --color=auto' grep='grep --color=auto'
"""


def whole_characters(data: bytes) -> int:
    """How many bytes of ``data`` end on a UTF-8 character; an unfinished last one stays for the next read."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return len(data) - back if length > back else len(data)
    return len(data)


class Channel:
    """A running program's terminal or pair of pipes: what waits to go in, and how much may come out.

    ``source`` is read and ``sink`` written; a terminal is both by one descriptor.
    """

    def __init__(self, number: int, source: int, sink: int, mark: str, credit: int) -> None:
        self.number = number
        self.source = source
        self.sink = sink
        self.terminal = source == sink
        self.mark = mark
        self.credit = credit
        self.leader = 0
        self.input = bytearray()
        self.carry = b""
        self.code: int | None = None
        self.closed = False
        self.silent = False
        self.quiet_since = 0.0
        self.rests_until = 0.0

    def close(self) -> None:
        for fd in {self.source, self.sink}:
            os.close(fd)


class Channels:
    """The bytes of every terminal and pipe, moved by one thread."""

    def __init__(self, out: Out, jobs: Jobs, later: Callable[[Callable[[], None]], None]) -> None:
        self.out = out
        self.jobs = jobs
        self.later = later
        self.lock = threading.Lock()
        self.open: dict[int, Channel] = {}
        self.wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def terminal(self, number: int, cols: int, rows: int, argv: Sequence[str] | None, credit: int) -> None:
        """Open terminal ``number`` running ``argv`` or an interactive bash. Raises ``Refused``."""
        self._room(number)
        master, slave = os.openpty()
        self._size(master, cols, rows)
        keep: tuple[int, ...] = ()
        if argv is None:
            # A pipe holds the few lines whole, and needs no file that a candidate could change.
            rc, fill = os.pipe()
            keep = (rc,)
            os.write(fill, BASHRC.encode() + f"exec {rc}<&-\n".encode())
            os.close(fill)
            argv = ["/bin/bash", "--noprofile", "--rcfile", f"/dev/fd/{rc}", "-i"]

        def enter() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            self.jobs.limit()

        channel = Channel(number, master, master, self.jobs.mark("term"), credit)
        self._start(channel, argv, {}, (slave, slave, slave), keep, enter)

    def pipe(self, number: int, argv: Sequence[str], env: Mapping[str, str], credit: int) -> None:
        """Run ``argv`` as pipe ``number``, its errors dropped. Raises ``Refused``."""
        self._room(number)
        (in_r, in_w), (out_r, out_w) = os.pipe(), os.pipe()
        null = os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC)
        channel = Channel(number, out_r, in_w, self.jobs.mark("pipe"), credit)
        self._start(channel, argv, env, (in_r, out_w, null), (), self.jobs.limit)

    def _room(self, number: int) -> None:
        with self.lock:
            if number in self.open or sum(not one.closed for one in self.open.values()) >= MAX_CHANNELS:
                raise Refused("busy", f"at most {MAX_CHANNELS} terminals and pipes")

    def _start(
        self,
        channel: Channel,
        argv: Sequence[str],
        env: Mapping[str, str],
        stdio: tuple[int, int, int],
        keep: tuple[int, ...],
        before: Callable[[], None],
    ) -> None:
        """Start the program behind a channel. Takes ``stdio`` and ``keep``. Raises ``Refused``."""

        def on_exit(code: int) -> None:
            channel.code = code
            self.poke()

        try:
            os.set_blocking(channel.source, False)
            os.set_blocking(channel.sink, False)
            with self.lock:
                channel.leader = self.jobs.children.spawn(
                    argv,
                    on_exit,
                    env={**self.jobs.env, **env, self.jobs.MARK: channel.mark},
                    cwd=self.jobs.root,
                    stdio=stdio,
                    keep=keep,
                    before=before,
                )
                self.jobs.live[channel.mark] = channel.leader
                self.open[channel.number] = channel
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            channel.close()
            raise Refused("failed", str(error)[:200]) from error
        finally:
            for fd in {*stdio, *keep}:
                os.close(fd)
        self.poke()

    @staticmethod
    def _size(fd: int, cols: int, rows: int) -> None:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    @staticmethod
    def _unread(fd: int) -> int:
        try:
            return int(struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))[0])
        except OSError:
            return 0

    def poke(self) -> None:
        os.eventfd_write(self.wake, 1)

    def signal(self, op: str, header: Header, body: bytes) -> None:
        """Input, credit, resize or close for one channel; a closed one is ignored, it crossed on the wire."""
        with self.lock:
            channel = self.open.get(integer(header, "term", 0, 1 << 31))
            if channel is None:
                return
            if op == "input":
                # More than was granted is dropped: only a broken server sends it.
                channel.input += body[: max(0, WINDOW - len(channel.input))]
            elif op == "credit":
                channel.credit = min(WINDOW, channel.credit + integer(header, "n", 0, WINDOW))
            elif op == "close":
                channel.closed = True
            elif channel.terminal:
                self._size(channel.sink, integer(header, "cols", 1, 1000), integer(header, "rows", 1, 1000))
        self.poke()

    def move_forever(self) -> None:
        while True:
            masks = {self.wake: select.POLLIN}
            with self.lock:
                channels = list(self.open.values())
            wait = -1
            for channel in channels:
                if channel.terminal and channel.credit <= 0 and not channel.closed:
                    wait = 250 if wait < 0 else wait
                    channel.closed = self._unread(channel.source) > MAX_UNREAD
                if channel.closed or (channel.code is not None and channel.credit > 0):
                    wait = 20
                if channel.closed:
                    continue
                rest = channel.rests_until - time.monotonic()
                if rest > 0:
                    wait = REST_MS if wait < 0 else min(wait, REST_MS)
                elif channel.credit > 0 and not channel.silent:
                    masks[channel.source] = select.POLLIN
                if channel.input:
                    masks[channel.sink] = masks.get(channel.sink, 0) | select.POLLOUT
            poll = select.poll()
            for fd, mask in masks.items():
                poll.register(fd, mask)
            ready = dict(poll.poll(wait))
            if ready.pop(self.wake, 0):
                os.eventfd_read(self.wake)
            for channel in channels:
                self._serve(channel, ready.get(channel.source, 0), ready.get(channel.sink, 0))

    def _serve(self, channel: Channel, source: int, sink: int) -> None:
        if channel.closed:
            self._end(channel)
            return
        if channel.input and sink & (select.POLLOUT | select.POLLERR):
            self._write(channel)
        if channel.credit <= 0:
            return
        spoke = bool(source & (select.POLLIN | select.POLLHUP | select.POLLERR))
        hung_up = channel.silent or (spoke and not self._read(channel))
        if hung_up and not channel.terminal:
            # A program may close its output and go on: its exit is awaited.
            channel.silent = True
            if channel.code is None:
                return
        elif not hung_up and (channel.code is None or spoke):
            return
        # Nobody holds the terminal any more, or the program is gone and another in the background holds it without a
        # word: wait a moment for the exit code or a last word.
        channel.quiet_since = channel.quiet_since or time.monotonic()
        if time.monotonic() - channel.quiet_since > 0.1 or (hung_up and channel.code is not None):
            self._end(channel)
        elif hung_up:
            time.sleep(0.002)

    def _write(self, channel: Channel) -> None:
        with self.lock:
            try:
                written = os.write(channel.sink, channel.input[:4096])
            except BlockingIOError:
                return
            except OSError:
                written = len(channel.input)
            del channel.input[:written]
        self.out.send({"event": "credit", "term": channel.number, "n": written})

    def _read(self, channel: Channel) -> bool:
        try:
            data = os.read(channel.source, min(16 << 10, channel.credit))
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            return False
        channel.quiet_since = 0.0
        if channel.terminal and len(data) < LITTLE:
            channel.rests_until = time.monotonic() + REST_MS / 1000
        with self.lock:
            channel.credit -= len(data)
        data = channel.carry + data
        cut = whole_characters(data) if channel.terminal else len(data)
        channel.carry = data[cut:]
        if cut:
            self.out.send({"event": "output", "term": channel.number}, data[:cut])
        return True

    def _end(self, channel: Channel) -> None:
        with self.lock:
            self.open.pop(channel.number, None)
            channel.close()
        if channel.carry:
            self.out.send({"event": "output", "term": channel.number}, channel.carry)
        self.later(lambda: self._bury(channel))

    def _bury(self, channel: Channel) -> None:
        """Closing the descriptor hung up; what ignores that is killed a moment later."""
        until = time.monotonic() + 0.3
        while channel.code is None and time.monotonic() < until:
            time.sleep(0.01)
        self.jobs.sweep(channel.mark, channel.leader)
        until = time.monotonic() + 2.0
        while channel.code is None and time.monotonic() < until:
            time.sleep(0.01)
        self.jobs.live.pop(channel.mark, None)
        code = -signal.SIGKILL if channel.code is None else channel.code
        self.out.send({"event": "exit", "term": channel.number, "code": code})


# --- the watch ------------------------------------------------------------------------------------------------------

IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x40, 0x80, 0x100, 0x200
IN_CLOSE_WRITE, IN_Q_OVERFLOW, IN_IGNORED, IN_ISDIR = 0x8, 0x4000, 0x8000, 0x40000000
IN_ONLYDIR, IN_EXCL_UNLINK = 0x1000000, 0x4000000
WATCHED = IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK
MAX_WATCHES = 1024
MAX_BATCH = 500
INOTIFY_EVENT = struct.Struct("iIII")


class Watch:
    """Reports changes below the workspace in batches; what it may have missed it calls an overflow."""

    def __init__(self, out: Out, files: Files, libc: ctypes.CDLL) -> None:
        self.out = out
        self.files = files
        self.libc = libc
        self.fd = -1
        self.started = threading.Event()
        self.folders: dict[int, str] = {}
        self.batch: dict[str, str] = {}
        self.overflow = False

    def start(self) -> None:
        """Begin to watch. Raises ``Refused`` when the system has no watch to give."""
        if self.fd >= 0:
            return
        fd = self.libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if fd < 0:
            raise Refused("failed", f"no file watch: {os.strerror(ctypes.get_errno())}")
        self.fd = fd
        self._add_below("", report=False)
        self.started.set()

    def _add_below(self, start: str, report: bool) -> None:
        """Watch a folder and those below it. A file may be there before the watch is, so it is reported from a scan."""
        for path, names, fd in self.files.walk(start.split("/") if start else (), self._enter):
            for name in names if report else ():
                self._note("written", path, name, fd)

    def _enter(self, path: str, fd: int) -> None:
        """Watch a folder before it is listed: what comes later is an event, what came before is in the list."""
        watch = -1
        if len(self.folders) < MAX_WATCHES:
            watch = self.libc.inotify_add_watch(self.fd, f"/proc/self/fd/{fd}".encode(), WATCHED)
        if watch < 0:
            self.overflow = True
        else:
            self.folders[watch] = path

    def _note(self, kind: str, above: str, name: str, fd: int | None = None) -> None:
        if not plain(name) or name.startswith(TEMP_PREFIX):
            return
        if fd is not None:
            try:
                if not stat.S_ISREG(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
                    return
            except OSError:
                return
        path = f"{above}/{name}" if above else name
        self.batch.pop(path, None)
        self.batch[path] = kind
        if len(self.batch) > MAX_BATCH:
            self.overflow = True
            self.batch.clear()

    def follow_forever(self) -> None:
        self.started.wait()
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        while True:
            poll.poll()
            # A pause gathers what one save or one checkout touches, and bounds how much a flood can say.
            time.sleep(0.03)
            with contextlib.suppress(BlockingIOError):
                self._read(os.read(self.fd, 256 << 10))
            self._flush()

    def _read(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            watch, mask, _, length = INOTIFY_EVENT.unpack_from(data, at)
            name = os.fsdecode(data[at + INOTIFY_EVENT.size : at + INOTIFY_EVENT.size + length].rstrip(b"\0"))
            at += INOTIFY_EVENT.size + length
            self._one(watch, mask, name)

    def _one(self, watch: int, mask: int, name: str) -> None:
        if mask & IN_Q_OVERFLOW:
            self.overflow = True
            self._add_below("", report=False)
            return
        if mask & IN_IGNORED:
            self.folders.pop(watch, None)
            return
        above = self.folders.get(watch)
        if above is None:
            return
        path = f"{above}/{name}" if above else name
        if mask & IN_ISDIR:
            if name in SKIPPED_DIRS or not plain(name):
                return
            if mask & (IN_CREATE | IN_MOVED_TO):
                self._add_below(path, report=True)
            elif mask & IN_MOVED_FROM:
                self._forget_below(path)
            return
        if mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE):
            self._written(above, name, created=bool(mask & IN_CREATE))
        else:
            self._note("deleted", above, name)

    def _written(self, above: str, name: str, created: bool) -> None:
        try:
            with self.files.folder(above.split("/") if above else ()) as fd:
                info = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except Refused:
            return
        # A new file is reported when its writer closes it; only a second hard link never closes.
        if stat.S_ISREG(info.st_mode) and (not created or info.st_nlink > 1):
            self._note("written", above, name)
        elif not created:
            self._note("deleted", above, name)

    def _forget_below(self, path: str) -> None:
        """A folder moved away, its files under names that no event tells."""
        for watch, folder in list(self.folders.items()):
            if folder == path or folder.startswith(path + "/"):
                self.libc.inotify_rm_watch(self.fd, watch)
                del self.folders[watch]
        self.overflow = True

    def _flush(self) -> None:
        if self.overflow:
            self.out.send({"event": "changes"}, pack_rows([("overflow", "")]))
        else:
            changes = [(kind, path) for path, kind in self.batch.items()]
            for at in range(0, len(changes), MAX_CHANGES):
                self.out.send({"event": "changes"}, pack_rows(changes[at : at + MAX_CHANGES]))
        self.overflow = False
        self.batch.clear()


# --- memory ---------------------------------------------------------------------------------------------------------


def proportional(process: Process) -> int:
    """Resident bytes with shared pages divided among their users; where that is hidden, all of them."""
    try:
        with open(f"/proc/{process.pid}/smaps_rollup", "rb") as file:
            return int(next(line for line in file if line.startswith(b"Pss:")).split()[1]) << 10
    except (OSError, StopIteration, ValueError):
        return process.resident


def others() -> list[Process]:
    return [process for process in processes().values() if process.pid != os.getpid()]


def end_largest(sizes: Mapping[int, int]) -> None:
    """Kill the program that holds the most, of those in ``sizes`` (bytes by process number)."""
    if sizes:
        with contextlib.suppress(OSError):
            os.kill(max(sizes, key=lambda pid: sizes[pid]), signal.SIGKILL)


def watch_memory(limit: int) -> None:
    """Kill the largest program while all together hold more than ``limit`` bytes: the limit where no cgroup is."""
    while True:
        time.sleep(0.25)
        table = others()
        # The cheap sum is never too small; the exact one is asked for only when it matters.
        if sum(process.resident for process in table) > limit:
            sizes = {process.pid: proportional(process) for process in table}
            if sum(sizes.values()) > limit:
                end_largest(sizes)


def watch_all_memory(limit: int) -> None:
    """The same where the kernel (gVisor's) tells no process's share of what several use, but what is used in all.

    It tells of what was given back only after a while: until then, only more than before is too much, and a program that holds
    little is never the answer.
    """
    high, until, little = 0, 0.0, limit // 8
    while True:
        time.sleep(0.02)
        with open("/proc/meminfo", "rb") as file:
            kilobytes = dict(line.split()[:2] for line in file)
        used = (int(kilobytes[b"MemTotal:"]) - int(kilobytes[b"MemFree:"])) << 10
        if used > limit and (used > high or time.monotonic() > until):
            end_largest({process.pid: process.resident for process in others() if process.resident > little})
            high, until = used, time.monotonic() + 0.5


# --- requests -------------------------------------------------------------------------------------------------------


class Agent:
    """Takes frames apart, hands the work to threads that exist already, and answers each request once."""

    def __init__(self, config: Header, out: Out, libc: ctypes.CDLL, reaper: int) -> None:
        self.out = out
        self.file_cap = int(config["file_bytes"])
        root = str(config["root"])
        self.children = Children(reaper)
        self.files = Files(root)
        self.jobs = Jobs(self.children, root, dict(os.environ), int(config["cpu_seconds"]))
        self.channels = Channels(out, self.jobs, self._later)
        self.watch = Watch(out, self.files, libc)
        self.parts: dict[int, bytearray] = {}
        self.ending = threading.Lock()
        out.gone = self.end
        # Waiting for a command must not keep a file from being read. Threads are made once, up front: when a candidate
        # has used up the processes, a new one could not be made.
        self.quick: queue.Queue[Callable[[], None]] = queue.Queue(256)
        self.slow: queue.Queue[Callable[[], None]] = queue.Queue(64)
        for source, number in ((self.quick, 3), (self.slow, 8)):
            for _ in range(number):
                threading.Thread(target=self._work, args=(source,), daemon=True).start()
        for loop in (self.children.reap_forever, self.channels.move_forever, self.watch.follow_forever):
            threading.Thread(target=loop, daemon=True).start()

    def end(self) -> None:
        """Leave nothing that somebody would have to wait for, once, and end this process."""
        if self.ending.acquire(blocking=False):
            self.jobs.abandon()
            os._exit(0)
        threading.Event().wait()

    def take(self, header: Header, body: bytes) -> None:
        """One frame from the server. Never waits."""
        op = header.get("op")
        number = header.get("id")
        if type(number) is not int:
            if op in ("input", "credit", "resize", "close"):
                with contextlib.suppress(Refused, OSError):
                    self.channels.signal(op, header, body)
            return
        if header.get("more"):
            if sum(map(len, self.parts.values())) + len(body) <= MAX_REQUEST:
                self.parts.setdefault(number, bytearray()).extend(body)
            return
        if op == "ping":
            # Answered here and now: it asks whether the agent still lives.
            self.out.send({"id": number, "ok": {}})
            return
        body = bytes(self.parts.pop(number, b"")) + body
        header["since"] = time.monotonic()
        try:
            (self.slow if op == "exec" else self.quick).put_nowait(lambda: self._reply(header, body))
        except queue.Full:
            self.out.send({"id": number, "error": "busy", "detail": "too many requests at once"})

    def _later(self, task: Callable[[], None]) -> None:
        try:
            self.quick.put_nowait(task)
        except queue.Full:
            task()

    @staticmethod
    def _work(source: queue.Queue[Callable[[], None]]) -> None:
        while True:
            source.get()()

    def _reply(self, header: Header, body: bytes) -> None:
        """Do one request and answer it, whatever happens: a thread that serves all must not end by one."""
        try:
            if type(header.get("size")) is int and header["size"] != len(body):
                raise Refused("bad_request", "the body is not of the announced size")
            ok, data = self.answer(header, body)
            self.out.send({"id": header["id"], "ok": ok}, data)
        except Refused as refused:
            self.out.send({"id": header["id"], "error": refused.code, "detail": refused.detail[:500]})
        except Exception as error:
            known = refusal(error) if isinstance(error, OSError) else Refused("failed", repr(error))
            self.out.send({"id": header["id"], "error": known.code, "detail": known.detail[:500]})

    def answer(self, header: Header, body: bytes) -> tuple[Header, bytes]:
        """Do one request. Returns the reply's fields and body. Raises ``Refused``."""
        op = header.get("op")
        path = header.get("path")
        if op == "read":
            return {}, self.files.read(path, self.file_cap)
        if op == "write":
            if len(body) > self.file_cap:
                raise Refused("too_big")
            self.files.write(path, body, header.get("expected"))
            return {}, b""
        if op == "delete":
            self.files.delete(path, header.get("expected"))
            return {}, b""
        if op == "list":
            return {}, pack_rows(self.files.list(self.file_cap))
        if op == "exec":
            return self._exec(header, body)
        if op == "open":
            argv = header.get("argv")
            self.channels.terminal(
                integer(header, "term", 0, 1 << 31),
                integer(header, "cols", 1, 1000),
                integer(header, "rows", 1, 1000),
                None if argv is None else strings(argv, "argv"),
                integer(header, "credit", 0, WINDOW),
            )
            return {"window": WINDOW}, b""
        if op == "pipe":
            argv, env = command(body)
            self.channels.pipe(integer(header, "term", 0, 1 << 31), argv, env, integer(header, "credit", 0, WINDOW))
            return {"window": WINDOW}, b""
        if op == "watch":
            self.watch.start()
            return {}, b""
        raise Refused("bad_request", f"unknown op {op!r}"[:200])

    def _exec(self, header: Header, body: bytes) -> tuple[Header, bytes]:
        """The body is the command, ``head`` bytes long, then the standard input."""
        if time.monotonic() - header["since"] > MAX_QUEUED_SECONDS:
            raise Refused("busy", "too many commands at once")
        head = integer(header, "head", 0, len(body))
        argv, env = command(body[:head])
        timeout = integer(header, "timeout_ms", 1, 24 * 3600 * 1000) / 1000
        return self.jobs.run(argv, env, body[head:], timeout, integer(header, "cap", 0, 64 << 20))


def command(data: bytes) -> tuple[list[str], dict[str, str]]:
    """A command line and environment from JSON. Raises ``Refused``."""
    try:
        found = json.loads(data)
        env = dict(found["env"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Refused("bad_request", "the command is not of the expected form") from error
    argv = strings(found.get("argv"), "argv")
    if not argv or any("=" in name or not name for name in strings(list(env), "env")):
        raise Refused("bad_request", "expected a program and names without =")
    strings(list(env.values()), "env")
    return argv, env


def settle(config: Header) -> tuple[int, int, ctypes.CDLL, int]:
    """Take the stream away from descriptors 0 and 1, hide from other processes, set limits.

    Returns input, output, the C library and the process that orphans go to. Raises ``OSError``.
    """
    source = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 10)
    target = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 10)
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    os.dup2(null, 0)
    os.dup2(null, 1)
    libc = ctypes.CDLL(None, use_errno=True)
    if config.get("hidden", True) and libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_DUMPABLE")
    # Orphans come to the agent also where it is not process 1; gVisor does not know this.
    reaper = os.getpid() if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 else 1
    # The default action, unlike Python's handler, cannot be raised against process 1 from inside.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for name, value in dict(config["rlimits"]).items():
        kind = int(getattr(resource, f"RLIMIT_{name}"))
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(kind, (value, value))
    if config.get("seccomp"):
        filter_calls(libc, bytes.fromhex(config["seccomp"]))
    os.umask(0o022)
    threading.stack_size(512 << 10)
    return source, target, libc, reaper


def filter_calls(libc: ctypes.CDLL, program: bytes) -> None:
    """Put this process and all that it starts under a system-call filter. Raises ``OSError``."""
    code = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    filled = Program(len(program) // 8, ctypes.addressof(code))
    if (
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
        or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filled), 0, 0) != 0
    ):
        raise OSError(ctypes.get_errno(), "PR_SET_SECCOMP")


def main() -> None:
    """Serve until the input ends. The one argument is the configuration as JSON."""
    config: Header = json.loads(sys.argv[1])
    source, target, libc, reaper = settle(config)
    out = Out(target)
    agent = Agent(config, out, libc, reaper)
    if config.get("memory_bytes"):
        shares = os.path.exists("/proc/self/smaps_rollup")
        watch = watch_memory if shares else watch_all_memory
        threading.Thread(target=watch, args=(int(config["memory_bytes"]),), daemon=True).start()
    out.send({"event": "hello", "version": VERSION, "pid": os.getpid()})
    decoder = Decoder()
    try:
        while data := os.read(source, 1 << 16):
            for header, body in decoder.feed(data):
                agent.take(header, body)
    except FrameError as error:
        out.send({"event": "broken", "detail": str(error)})
    agent.end()


if __name__ == "__main__":
    main()
