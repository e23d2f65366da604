"""The loopback Chat Completions API itself: HTTP on 127.0.0.1.

Owns how answers go out and go wrong. Invariant: as for ``tests.loopback.server``, on which it rests. Leaves out the forms
(``wire``) and which rule answers (``script``).
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass

from tests.loopback.script import Body
from tests.loopback.server import Handler, Loopback
from tests.loopback.wire import Refused
from tests.loopback_chat.script import ChatAnswer, ChatScript, load
from tests.loopback_chat.wire import as_messages, check, chunks, error_body, whole

PAGE = b"<!doctype html><html><head><title>Oops</title></head><body><h1>Something went wrong</h1></body></html>"


@dataclass
class ChatLoopback(Loopback):
    """The server, playing one script; ``base`` is what ``OPENAI_BASE_URL`` is set to. A script's empty key: any will do."""

    connections: int = 0

    @property
    def base(self) -> str:
        """With the path under which the API lies."""
        return f"{self.address}/v1"

    def load(self, name: str) -> ChatScript:
        """The script of that name."""
        return load(name)

    def handler(self) -> type[Handler]:
        """Who answers."""
        return _ChatHandler


class _ChatHandler(Handler):
    def setup(self) -> None:
        super().setup()
        assert isinstance(self.server.loopback, ChatLoopback)
        self.server.loopback.connections += 1

    def do_GET(self) -> None:
        self._send(404, PAGE, "text/html", {})

    def _answer(self, loopback: Loopback, raw: bytes, number: int) -> None:
        if self.path != "/v1/chat/completions":
            return self._send(404, b'{"detail":"Not Found"}', "application/json", {})
        key = loopback.player.script.key
        if key and self.headers.get("authorization") != f"Bearer {key}":
            return self._fail(401, "invalid_api_key", "Incorrect API key provided: sk-****0123.")
        try:
            body = json.loads(raw)
            check(body)
            answer = loopback.player.answer(as_messages(body))
        except (ValueError, KeyError, TypeError, Refused, LookupError) as error:
            return self._fail(400, "invalid_request_error", f"{type(error).__name__}: {error}")
        assert isinstance(answer, ChatAnswer)
        self._sleep(answer.wait_s)
        if answer.refuses in body:
            return self._fail(400, "invalid_request_error", f"Unrecognized request argument supplied: {answer.refuses}")
        if answer.page:
            return self._send(answer.status, PAGE, "text/html; charset=utf-8", answer.headers)
        if answer.status != 200 or (answer.fault is not None and answer.fault_after is None):
            told = answer.error
            fault = answer.fault if answer.fault is not None else error_body(
                answer.status, told.type if told else "", told.message if told else "It failed"
            )  # fmt: skip
            return self._send(answer.status, json.dumps(fault).encode(), "application/json", answer.headers)
        if answer.whole or not body.get("stream"):
            return self._send(200, json.dumps(whole(answer, body, number)).encode(), "application/json", {})
        return self._chat(answer, body, number)

    def _fail(self, status: int, kind: str, message: str) -> None:
        self._send(status, json.dumps(error_body(0, kind, message)).encode(), "application/json", {})

    def _chat(self, answer: ChatAnswer, body: Body, number: int) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        end = "\r\n" if answer.crlf else "\n"
        done = answer.done
        for sent, event in enumerate(chunks(answer, body, number)):
            if sent == answer.cut_after:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if sent == answer.end_after:
                done = False
                break
            if sent == answer.fault_after:
                told = answer.error
                fault = answer.fault or error_body(0, told.type if told else "", told.message if told else "It failed")
                self._event(json.dumps(fault), end)
                break
            if sent == answer.garbage_after:
                self._event("{not json", end)
                break
            if sent:
                self._sleep(answer.first_s if sent == 1 else answer.pace_s)
            if answer.alive:
                self._chunk(f": OPENROUTER PROCESSING{end}{end}".encode())
            self._event(json.dumps(event, ensure_ascii=False), end)
        if done:
            self._event("[DONE]", end)
        self._sleep(answer.hang_s)
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, data: str, end: str) -> None:
        self._chunk(f"data: {data}{end}{end}".encode())
