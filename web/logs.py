"""What the service says about itself on stderr.

Owns the form of its log: one line of text, or one JSON object a line. Invariant: no line holds what a person typed, said or
was sent, nor a key or a link: of an exception that is not the platform's own only class and place are told, as its words
may quote anybody; libraries, which at their chattier levels print whole messages, speak from warnings on. Leaves out who logs.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from flask import Flask, has_request_context, request
from gunicorn.glogging import Logger as GunicornLogger
from pythonjsonlogger.json import JsonFormatter

from interviews.errors import PlatformFailure

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

REQUEST_ID = "pairsight.request"
HEADER = "X-Request-Id"
OURS = ("pairsight", "gunicorn")
# These print each message that passes through them, and their errors are ours to tell.
QUIET = ("socketio", "engineio")
_LINK = re.compile(r"/join/[^\s\"'\\]+")
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def without_links(text: str) -> str:
    """The text with the tokens of invitations left out."""
    return _LINK.sub("/join/…", text)


def describe(error: BaseException | None) -> str:
    """Class and place of an exception and of those behind it, without words that may quote a person."""
    if error is None:
        return ""
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = [describe(behind), "which led to"] if behind is not None else []
    for frame in traceback.extract_tb(error.__traceback__):
        lines.append(f"{frame.filename}:{frame.lineno} in {frame.name}")
    ours = str(error) if isinstance(error, PlatformFailure) else ""
    systems = error.strerror or "" if isinstance(error, OSError) else ""
    lines.append(": ".join(filter(None, [type(error).__name__, ours or systems])))
    return "\n".join(lines)


class _Where(logging.Filter):
    """Adds ``interview`` and ``request`` where they are known; keeps libraries' chatter out.

    Whoever logs of an interview beside its requests gives it as ``extra={"interview": id}``.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING and record.name.partition(".")[0] not in OURS:
            return False
        if has_request_context():
            interview = (request.view_args or {}).get("interview") or request.args.get("interview", "")
            known: dict[str, Any] = {"interview": interview[:64], "request": request.environ.get(REQUEST_ID, "")}
            for name, value in known.items():
                if value and not hasattr(record, name):
                    setattr(record, name, value)
        return True


class _Json(JsonFormatter):
    def __init__(self) -> None:
        names = {"levelname": "level", "name": "logger", "exc_info": "exception"}
        fields = ["levelname", "name", "message"]
        super().__init__(fields, rename_fields=names, timestamp="time", json_ensure_ascii=False)

    def formatException(self, ei: ExcInfo) -> str:
        return describe(ei[1])

    def format(self, record: logging.LogRecord) -> str:
        return without_links(super().format(record))


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(where)s: %(message)s")
        self.converter = time.gmtime
        self.default_time_format, self.default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"

    def formatException(self, ei: ExcInfo) -> str:
        return describe(ei[1])

    def format(self, record: logging.LogRecord) -> str:
        interview = getattr(record, "interview", "")
        record.where = f" ({interview})" if interview else ""
        return without_links(super().format(record))


def configure(form: str, level: str) -> None:
    """Log to stderr as ``json`` or ``text``, from ``level`` on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    handler.addFilter(_Where())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    threading.excepthook = _thread_failed


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None and not issubclass(failed.exc_type, SystemExit):
        name = failed.thread.name if failed.thread is not None else "?"
        logging.getLogger("pairsight").error("thread %s failed", name, exc_info=failed.exc_value)


class ServerLog(GunicornLogger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's log, in our form."""

    def setup(self, cfg: object) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True


class RequestIds:
    """WSGI around an app: gives every request an id and tells it in the answer.

    A proxy's own is kept where proxies are believed, so that both logs name the same.
    """

    def __init__(self, app: Flask, believed: bool, new_id: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._inner, self._believed, self._new_id = app.wsgi_app, believed, new_id
        app.wsgi_app = self  # type: ignore[method-assign]  # how Flask documents adding a middleware

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        name = given if self._believed and _GIVEN.fullmatch(given) else self._new_id()
        environ[REQUEST_ID] = name

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, (HEADER, name)], exc_info)

        return self._inner(environ, start)
