"""Serving the app: one process, one thread a connection.

Owns the socket and the server. Invariant: the port is ours before anything is announced; candidates' processes end
with the server.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from flask import Flask
from gunicorn.app.base import BaseApplication

from interviews.errors import BadInput
from interviews.service.registry import Interviews


def bind(host: str, port: int) -> socket.socket:
    """A bound, listening socket; port 0 takes a free one. Raises ``BadInput`` when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise BadInput(
            "Expected port %(port)d on %(host)s to be free, got: %(why)s. Choose another with --port",
            port=port, host=host, why=error.strerror or str(error),
        ) from None  # fmt: skip
    listener.listen(128)
    listener.set_inheritable(True)
    return listener


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn over an app made in the worker process."""

    def __init__(self, listener: socket.socket, threads: int, make_app: Callable[[], Flask]) -> None:
        self._listener, self._threads, self._make_app = listener, threads, make_app
        super().__init__()

    def load_config(self) -> None:
        """gunicorn's settings: one worker, as one process owns an interview; the worker never times out idle sockets."""
        for name, value in {
            "bind": f"fd://{self._listener.fileno()}", "workers": 1, "worker_class": "gthread", "threads": self._threads,
            "graceful_timeout": 3, "timeout": 0, "loglevel": "warning", "worker_exit": _close, "control_socket_disable": True,
            # Who may say what the browser saw is ours to judge (``web.security``).
            "forwarded_allow_ips": "",
        }.items():  # fmt: skip
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The app, begun: interviews under way are recovered."""
        app = self._make_app()
        interviews: Interviews = app.extensions["interviews"]
        interviews.start()
        self._interviews = interviews
        return app


def _close(server: object, _worker: object) -> None:
    interviews = getattr(getattr(server, "app", None), "_interviews", None)
    if isinstance(interviews, Interviews):
        interviews.close()
