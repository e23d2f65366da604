"""Who may hold a live connection, and how many.

Owns the door of ``/socket.io``, which Flask's own checks do not see. Invariant: a connection costs a thread of the
server while it lasts, so strangers get none and each role of an interview a bounded number. Leaves out what is said over
it (``sockets``).
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, request

from interviews.errors import LeaseHeld, NotAllowed, PairsightError, PlatformFailure
from web import auth
from web.i18n import tell

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOVED = PlatformFailure(
    "This interview is open on another of our servers. Please wait a moment; everything that was saved is safe."
)
# A lost connection is noticed after some 45 seconds; a page that reconnects meanwhile needs another.
MOST = 24


class Seats:
    """WSGI around an app: lets invited connections through to Socket.IO and counts them.

    ``lead`` is called with the interview's id before a connection is made, and raises where it cannot be had here: only as
    an answer to HTTP can a router pass that on to the server that leads it.
    """

    def __init__(self, app: Flask, lead: Callable[[str], object]) -> None:
        self._app, self._inner, self._lead = app, app.wsgi_app, lead
        self._taken: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        app.wsgi_app = self  # type: ignore[method-assign]  # how Flask documents adding a middleware

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith("/socket.io"):
            return self._inner(environ, start_response)
        try:
            seat = self._sit(environ)
        except PairsightError as error:
            moved = isinstance(error, LeaseHeld)
            with self._app.request_context(environ):
                told = {"error": tell(MOVED), "code": "moved"} if moved else {"error": tell(error)}
            body = json.dumps(told).encode()
            status = "403 FORBIDDEN" if isinstance(error, NotAllowed) else "503 SERVICE UNAVAILABLE"
            start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
            return [body]
        try:
            # A WebSocket returns here when it ends.
            return self._inner(environ, start_response)
        finally:
            with self._lock:
                self._taken[seat] -= 1
                self._taken += Counter()

    def _sit(self, environ: WSGIEnvironment) -> tuple[str, str]:
        with self._app.request_context(environ):
            seat = request.args.get("interview", ""), request.args.get("role", "")
            if not auth.holds(*seat):
                raise NotAllowed("Live connections are open to the people invited to this interview")
            self._lead(seat[0])
        with self._lock:
            if self._taken[seat] >= MOST:
                raise PlatformFailure(
                    "Expected at most %(most)d connections to this interview at once; close other tabs", most=MOST
                )
            self._taken[seat] += 1
        return seat
