"""The product, and what is bare beside it, each served by gunicorn in a process of its own.

Owns these servers: ``python -m bench.parts.serve KIND FOLDER INTERVIEWS HOURS PROVIDER`` prints one line of JSON and serves.
Invariant: the same listener, worker class and number of threads for each; the product is ``create_app`` as it stands, with a
sandbox that runs no programs (``still``), or, as ``sandboxed``, with a real one. The echo is what a page of Flask-SocketIO's
manual would be: it answers a message and passes it on to the room, keeps nothing and checks nothing. The relay (``relay``) is as
little around an assistant's SDK.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from flask import Flask, Response, request
from flask_socketio import SocketIO, join_room

from app import create_app, invitation, make_interviews, prepared
from bench.parts.relay import relay
from bench.parts.still import StillBackend
from bench.parts.work import Work
from interviews import events as e
from interviews.log import random_salts
from interviews.settings import Settings
from interviews.store import SqlLog, open_engine
from sandbox.pool import Pool
from web import auth, serve

ROOT = Path(__file__).resolve().parents[2]
ROLES: tuple[e.Role, ...] = get_args(e.Role)
STOP_S = 30


@dataclass(frozen=True)
class Served:
    """A running server: its address, and for each interview the links by role (none for the echo)."""

    address: str
    links: list[dict[str, str]]


@contextmanager
def served(
    kind: str,
    folder: Path,
    interviews: int = 0,
    hours: float = 0,
    *,
    provider: str = "scripted",
    environ: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """Start that server with so many new interviews, behind them one that took ``hours``; it ends with the block."""
    command = [sys.executable, "-m", "bench.parts.serve", kind, str(folder), str(interviews), str(hours), provider]
    env = {**os.environ, **(environ or {})}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Served(**json.loads(process.stdout.readline()))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_S)


def product(settings: Settings) -> Flask:
    app = create_app(settings)
    found = app.extensions["interviews"]
    pool = Pool(StillBackend(), most=settings.sandboxes)
    found.tools = replace(found.tools, backend=lambda: pool, weaker=lambda: ())
    return app


def sandboxed(settings: Settings) -> Flask:
    """The product whole. What its sandboxes hold can be asked for, and they can be ended: elsewise they wait for its successor."""
    app = prepared(settings)
    found = app.extensions["interviews"]

    @auth.public
    def read(interview: str, path: str) -> Response:
        return Response(found.get(interview).workspace.parts()[0].read(path), mimetype="text/plain")

    @auth.public
    def end(interview: str) -> dict[str, e.Json]:
        found.get(interview).close()
        return {}

    app.add_url_rule("/bench/<interview>/<path:path>", "bench-read", read)
    app.add_url_rule("/bench/<interview>", "bench-end", end, methods=["DELETE"])
    return app


def echo(settings: Settings) -> Flask:
    app = Flask("echo")
    app.extensions["interviews"] = make_interviews(settings)
    socketio = SocketIO(app, async_mode="threading", async_handlers=False)

    def connect() -> None:
        join_room(request.args["interview"])

    def hello(message: dict[str, e.Json]) -> dict[str, e.Json]:
        return {"ok": True}

    def edit(message: dict[str, e.Json]) -> dict[str, e.Json]:
        first, path = message["version"] + 1, message["path"]
        events = [
            {"seq": version, "at_ms": 0, "type": "file.edited", "actor": "candidate", "cause": None,
             "payload": {"path": path, "version": version, "late": False, **update}}
            for version, update in enumerate(message["updates"], start=first)
        ]  # fmt: skip
        socketio.emit("events", {"events": events}, to=request.args["interview"])
        return {"ok": True, "version": message["version"] + len(events)}

    for name, handler in (("connect", connect), ("hello", hello), ("edit", edit)):
        socketio.on_event(name, handler)
    return app


def bare_relay(settings: Settings) -> Flask:
    app = relay()
    app.extensions["interviews"] = make_interviews(settings)
    return app


MAKERS: dict[str, Callable[[Settings], Flask]] = {
    "product": product,
    "sandboxed": sandboxed,
    "echo": echo,
    "relay": bare_relay,
}


def main(kind: str, folder: str, interviews: str, hours: str, provider: str) -> None:
    count = int(interviews)
    settings = Settings(data=Path(folder), sandboxes=max(1, count), warm=0, provider=provider)
    # Containers belong to this folder's server.
    os.environ["PAIRSIGHT_DATA"] = str(settings.data.absolute())
    listener = serve.bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    ids: list[str] = []
    if kind in ("product", "sandboxed"):
        found = make_interviews(settings)
        agreed = e.InterviewSettings(minutes=120, provider=provider, delegation=True)
        ids = [found.create(settings.exercise, "Ada", agreed, seed) for seed in range(count)]
        if float(hours):
            ids.append(recorded(settings, float(hours)))
    links = [{role: invitation(settings, address, id_, role) for role in ROLES} for id_ in ids]
    print(json.dumps({"address": address, "links": links}), flush=True)
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    serve.Server(listener, settings.threads, lambda: MAKERS[kind](settings)).run()


def recorded(settings: Settings, hours: float) -> str:
    """The id of an interview that took so long, in the database of these settings."""
    now, work = [0], Work(hours)
    log = SqlLog(open_engine(settings.database_url), lambda: now[0], random_salts())
    log.create(work.header("recorded"))
    work.write(log, "recorded", now)
    return "recorded"


if __name__ == "__main__":
    main(*sys.argv[1:])
