"""The loopback Messages API itself: HTTP on 127.0.0.1.

Owns the server, what it has received, and how streams go wrong. Invariant: it ends with its ``with`` block, and a request nobody
waits for any more is noticed and told in ``dropped``.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.loopback.cache import Cache, Counted
from tests.loopback.script import Answer, Body, Player, Script, load
from tests.loopback.wire import TYPES, Refused, check, error_body, events, sse


@dataclass(frozen=True)
class Received:
    """A request: every byte of its head's values and of its body; ``source`` is the port that it came from."""

    path: str
    headers: dict[str, str]
    raw: bytes
    source: int = 0

    @property
    def body(self) -> Body:
        """Understood as JSON."""
        found: Body = json.loads(self.raw)
        return found


@dataclass
class Loopback:
    """The server, playing one script; ``address`` is what ``ANTHROPIC_BASE_URL`` is set to."""

    script: Script | str
    port: int = 0
    requests: list[Received] = field(default_factory=list)
    dropped: int = 0

    def __enter__(self) -> Self:
        script = self.load(self.script) if isinstance(self.script, str) else self.script
        self.player = Player(script)
        self.cache = Cache()
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._server = Server(("127.0.0.1", self.port), self.handler())
        self._server.loopback = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def address(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def count(self, body: Body) -> Counted | None:
        """What a request costs; None where the script's rules say so."""
        with self._lock:
            return self.cache.count(body) if self.player.script.counts else None

    def load(self, name: str) -> Script:
        """The script of that name."""
        return load(name)

    def handler(self) -> type[Handler]:
        """Who answers; a server of another service's form has another."""
        return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # as many may come at once
    loopback: Loopback


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a piece may wait 40 ms for the acknowledgement of the one before
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: tests read ``requests``."""

    def do_POST(self) -> None:
        loopback = self.server.loopback
        raw = self.rfile.read(int(self.headers.get("content-length", "0")))
        loopback.requests.append(
            Received(self.path, {k.lower(): v for k, v in self.headers.items()}, raw, self.client_address[1])
        )
        number = len(loopback.requests)
        try:
            self._answer(loopback, raw, number)
        except OSError:
            loopback.dropped += 1
            self.close_connection = True

    def do_GET(self) -> None:
        self._error(404, "not_found_error", "Not found", 0)

    def _answer(self, loopback: Loopback, raw: bytes, number: int) -> None:
        if self.path.partition("?")[0] != "/v1/messages":
            return self._error(404, "not_found_error", "Not found", number)
        if not self.headers.get("anthropic-version"):
            return self._error(400, "invalid_request_error", "anthropic-version: header is required", number)
        # The service takes a key by either header; the SDK of today sends the first.
        key = self.headers.get("authorization", "").removeprefix("Bearer ") or self.headers.get("x-api-key")
        if key != loopback.player.script.key:
            return self._error(401, "authentication_error", "invalid x-api-key", number)
        try:
            body = json.loads(raw)
            check(body)
            answer = loopback.player.answer(body)
        except (ValueError, KeyError, TypeError, Refused, LookupError) as error:
            return self._error(400, "invalid_request_error", str(error), number)
        self._sleep(answer.wait_s)
        if answer.status != 200:
            fault = answer.error
            type_ = fault.type if fault else TYPES.get(answer.status, "api_error")
            return self._error(answer.status, type_, fault.message if fault else "It failed", number, answer.headers)
        if not body.get("stream"):
            return self._error(400, "invalid_request_error", "this server streams only", number)
        return self._stream(answer, body, number)

    def _error(self, status: int, type_: str, message: str, number: int, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(error_body(type_, message, number)).encode()
        self._send(status, data, "application/json", {"request-id": f"req_{number:04d}", **(headers or {})})

    def _send(self, status: int, data: bytes, form: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("content-type", form)
        self.send_header("content-length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, answer: Answer, body: Body, number: int) -> None:
        counted = self.server.loopback.count(body)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("request-id", f"req_{number:04d}")
        self.end_headers()
        due = time.monotonic()
        for sent, event in enumerate(events(answer, body["model"], number, counted)):
            if sent == answer.cut_after:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if sent == answer.end_after:
                break
            if sent == answer.fault_after:
                fault = answer.error
                self._chunk(
                    sse(error_body(fault.type if fault else "overloaded_error", fault.message if fault else "", number))
                )
                break
            if sent == answer.garbage_after:
                self._chunk(b"event: content_block_delta\ndata: {not json\n\n")
                break
            if sent >= 2:
                due += answer.first_s if sent == 2 else answer.pace_s
                self._sleep(due - time.monotonic())
            if answer.stamped and event["type"] == "content_block_delta" and event["delta"]["type"] == "text_delta":
                event["delta"]["text"] = f"{time.perf_counter():.6f}@{event['delta']['text']}"
            self._chunk(sse(event))
        self._sleep(answer.hold_s)
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _sleep(self, seconds: float) -> None:
        """Pause, but notice when the other side has gone (as a server that writes would)."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.server.loopback.closing.wait(min(left, 0.02)) or self._gone():
                raise BrokenPipeError

    def _gone(self) -> bool:
        try:
            peeked: bytes = self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        return peeked == b""
