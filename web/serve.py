"""Serving the app: one process, one thread a connection.

Owns the socket, the server and how it ends. Invariant: the port is ours before anything is announced. One signal to stop lets
everything under way be acknowledged, ends the connections, lets go of the interviews for a successor, and is over in a bounded
time; the second ends it at once. Candidates' processes end with the server, or are left for the next one.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

from interviews.errors import BadInput
from interviews.service.background import begin, settle
from interviews.service.registry import Interviews
from web.logs import ServerLog
from web.sockets import Sockets

# Seconds: for messages under way to be answered, for closed connections to drain, for all of it.
ANSWERING_S, DRAINING_S, STOPPING_S = 5.0, 1.0, 25
STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
logger = logging.getLogger("pairsight")


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
        self._stopping = threading.Lock()
        self._stopped = False
        self._app: Flask | None = None
        super().__init__()

    def load_config(self) -> None:
        """gunicorn's settings: one worker, as one process owns an interview; the worker never times out idle sockets."""
        for name, value in {
            "bind": f"fd://{self._listener.fileno()}", "workers": 1, "worker_class": Worker, "threads": self._threads,
            "graceful_timeout": STOPPING_S, "timeout": 0, "loglevel": "warning", "logger_class": ServerLog,
            "worker_exit": _exit, "control_socket_disable": True,
            # Who may say what the browser saw is ours to judge (``web.security``).
            "forwarded_allow_ips": "",
        }.items():  # fmt: skip
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The app, begun: interviews under way are recovered."""
        app = self._make_app()
        settle()
        interviews: Interviews = app.extensions["interviews"]
        interviews.start()
        self._app = app
        return app

    def run(self) -> None:
        """Serve until a signal."""
        Master(self).run()

    def stop(self) -> None:
        """Let go of everything, once; whoever calls it later waits for that."""
        with self._stopping:
            if self._app is not None and not self._stopped:
                self._stopped = True
                sockets: Sockets | None = self._app.extensions.get("sockets")
                interviews: Interviews = self._app.extensions["interviews"]
                logger.info("stopping")
                if sockets is not None:
                    sockets.stop(ANSWERING_S)
                interviews.close()
                logger.info("everything was let go of")


class Master(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's first process. Every signal to stop means the same to it, and the second what it says."""

    stopping = False

    def signal(self, sig: int, frame: object) -> None:
        if sig in STOP and self.stopping:
            self.kill_workers(signal.SIGKILL)
            os._exit(1)
        self.stopping = self.stopping or sig in STOP
        super().signal(sig, frame)

    def handle_int(self) -> None:
        raise StopIteration

    handle_quit = handle_int


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's second process. It begins to let go at once, as connections last for hours and would be waited for."""

    def init_signals(self) -> None:
        super().init_signals()
        # A key in the terminal reaches this process too; the first one speaks for both. Not SIG_IGN: programs inherit that.
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, lambda *_: None)

    def handle_exit(self, sig: int, frame: object) -> None:
        if self.alive:
            begin("stop", self._stop)
        super().handle_exit(sig, frame)

    def is_parent_alive(self) -> bool:
        if alive := super().is_parent_alive():
            return True
        begin("stop", self._stop)
        return bool(alive)

    def _stop(self) -> None:
        self.app.stop()
        until = time.monotonic() + DRAINING_S
        while self.nr_conns > 0 and time.monotonic() < until:
            time.sleep(0.02)
        # A connection whose page is gone must not keep the process: what counted is done.
        _leave()


def _exit(_server: object, worker: Worker) -> None:
    if isinstance(worker.app, Server) and worker.booted:
        worker.app.stop()
        _leave()


def _leave() -> None:
    logging.shutdown()
    os._exit(0)
