"""The product put together: ``create_app`` and the ``pairsight`` command.

Owns the wiring, and nothing else: the one place that knows every part. Clock, ids and randomness enter here.
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import os
import pwd
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeVar

import click
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_socketio import SocketIO
from werkzeug.exceptions import HTTPException

import assistant.registry
import interviews.exercises
import rubrics.registry
import sandbox.image
import sandbox.launcher
import sandbox.owners
import sandbox.registry
from assistant.base import Limits
from interviews import erasure, traces, visibility
from interviews import events as e
from interviews.chain import verify as verify_chain
from interviews.errors import BadInput, LeaseHeld, LogCorrupt, NotFound, PairsightError
from interviews.log import random_salts
from interviews.ndjson import read_log, read_view
from interviews.processes import has_ended, process_name
from interviews.service import redaction
from interviews.service.interview import Tools
from interviews.service.registry import Interviews
from interviews.settings import Settings, read_settings
from interviews.store import Observer, SqlLog, backup, open_engine
from interviews.times import steady
from rubrics import rubric as rubric_files
from rubrics.base import LogView, Scorecard
from rubrics.scoring import score
from sandbox.backends import docker
from sandbox.pool import Pool
from web import api, auth, health, i18n, logs, metrics, pages, security, serve
from web.seats import MOVED
from web.sockets import Sockets

# Memory to plan for one interview (docs/operating.md).
PLANNED_GIB = 0.3
ROOT = Path(__file__).resolve().parent
F = TypeVar("F", bound=Callable[..., Any])


# Unix milliseconds, for all that this process does.
now_ms = steady()


def score_records(header: e.Header, records: list[e.Record]) -> Scorecard:
    """The scorecard of a log by the standard rubric."""
    return score(LogView.of(header, records), rubric_files.load("standard"))


def open_log(settings: Settings, on_commit: Observer = lambda *_: None) -> SqlLog:
    """The log in the database that the settings name."""
    settings.data.mkdir(parents=True, exist_ok=True)
    return SqlLog(open_engine(settings.database_url), now_ms, random_salts(), ended=has_ended, on_commit=on_commit)


def make_interviews(settings: Settings, log: SqlLog | None = None) -> Interviews:
    """The interviews of this process, with the real sandbox, assistant and rubric, in ``log`` or the one that the settings name."""

    @cache
    def choose() -> tuple[Pool, tuple[str, ...]]:
        backend, probes = sandbox.registry.choose(settings.sandbox)
        pool = Pool(backend, warm=settings.warm, most=settings.sandboxes, queue=settings.queue)
        return pool, dict(probes)[backend.name].weaker

    choosing = threading.Lock()

    def chosen() -> tuple[Pool, tuple[str, ...]]:
        with choosing:
            return choose()

    tools = Tools(
        clock=now_ms, new_id=lambda: secrets.token_hex(8), sleep=time.sleep, pace=settings.pace,
        backend=lambda: chosen()[0], weaker=lambda: chosen()[1], provider=assistant.registry.get,
        score=lambda header, records: score_records(header, records).model_dump(mode="json"),
        limits=Limits(first_token_s=settings.first_token_s, effort=settings.effort),
    )  # fmt: skip
    return Interviews(log or open_log(settings), tools, process_name(secrets.token_hex(4)), settings.lease_s)


def secret_file(settings: Settings) -> Path:
    """Where the key that signs links and sessions is kept."""
    return settings.secret_file or settings.data / backup.KEY


def secret_key(settings: Settings) -> str:
    """The key that signs links and sessions, made once and kept readable by its owner only."""
    path = secret_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text("ascii").strip()


def create_app(settings: Settings) -> Flask:
    """The Flask app; its ``extensions`` hold ``interviews`` and ``socketio``. Nothing runs until ``interviews.start()``."""
    app = Flask(
        "pairsight",
        root_path=str(ROOT),
        template_folder="templates",
        static_folder="web/static",
        static_url_path="/static",
    )
    app.config.update(
        SECRET_KEY=secret_key(settings),
        SESSION_COOKIE_NAME="pairsight",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=1 << 20,
    )
    app.jinja_env.globals["csp_nonce"] = security.nonce
    figures = metrics.Metrics()
    log = open_log(settings, figures.committed)
    app.extensions["interviews"] = found = make_interviews(settings, log)
    i18n.install(app, settings.locale)
    security.guard(app)
    auth.close_by_default(app)
    pages.install(app)
    app.register_blueprint(api.api)
    app.register_error_handler(PairsightError, _answer_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    # async_handlers=False: the default reorders one client's messages. Loggers: their own handlers would print beside ours.
    socketio = SocketIO(
        app, async_mode="threading", async_handlers=False, max_http_buffer_size=1 << 20,
        logger=logging.getLogger("socketio"), engineio_logger=logging.getLogger("engineio"),
    )  # fmt: skip
    app.extensions["sockets"] = sockets = Sockets(socketio, found, figures.answering, figures.cut)
    ticks = health.Ticks(found)
    health.install(app, found, ticks, log.check)
    metrics.install(app, figures, metrics.Now(found, sockets, ticks), settings.metrics_token)
    logs.RequestIds(app, believed=settings.proxies > 0)
    security.believe_proxies(app, settings.proxies)
    return app


def _answer_error(error: PairsightError) -> tuple[Response | str, int] | Response:
    if isinstance(error, LeaseHeld):
        # A router asks the next server; where there is none, the page asks again by itself.
        response = make_response(_answer(i18n.tell(MOVED), error.status))
        response.headers["Retry-After"] = response.headers["Refresh"] = "2"
        return response
    return _answer(i18n.tell(error), error.status)


def _answer_http_error(error: HTTPException) -> tuple[Response | str, int]:
    known = {
        404: NotFound("There is no such page here. Check the link you were given."),
        405: BadInput("This page cannot do that"),
    }
    told = known.get(
        error.code or 500, PairsightError("Something failed on our side. Nothing recorded is lost; please try again.")
    )
    return _answer(i18n.tell(told), error.code or 500)


def _answer(text: str, status: int) -> tuple[Response | str, int]:
    if request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json":
        return jsonify({"error": text}), status
    return render_template("message.html", title=i18n.tell(BadInput("That did not work")), lines=[text]), status


def invitation(settings: Settings, address: str, interview: str, role: e.Role) -> str:
    """The link that opens one role in one interview."""
    link = auth.Link(interview, role, now_ms() + int(settings.link_days * 86_400_000))
    return f"{address}/join/{auth.sign_link(secret_key(settings), link)}"


def demo_interview(settings: Settings, found: Interviews) -> tuple[str, str]:
    """Ids of the interview to open and of the newest one that is over (or ""): a new one where all are over."""
    over = ""
    for header in found.log.interviews():
        if not any(record.type == "interview.submitted" for record in found.log.read(header.id)):
            return header.id, over
        over = over or header.id
    exercise = interviews.exercises.load(settings.exercise)
    chosen = e.InterviewSettings(
        minutes=settings.minutes or exercise.spec.minutes,
        grace_s=settings.grace_s,
        provider=settings.provider,
        model=settings.model,
        co_edit=settings.co_edit,
    )
    return found.create(settings.exercise, "Demo candidate", chosen, secrets.randbelow(1 << 31)), over


# The command


class _Commands(click.Group):
    """Errors end as one line on stderr and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PairsightError as error:
            click.echo(f"pairsight: {error}", err=True)
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Interviews in which a candidate programs together with an AI."""


@main.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.")
@click.option("--sandbox", "sandbox_", metavar="NAME", help="Sandbox backend, or auto.")
@click.option("--exercise", metavar="ID", help="Exercise of the demo interview.")
@click.option("--minutes", type=float, help="Length of the demo interview.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the database and the secret key.")
@click.option("--co-edit", is_flag=True, default=None, help="Interviewers may edit in the demo interview.")
@click.option("--demo", is_flag=True, help="Make an interview if none is open, and print its links.")
def run(
    host: str | None,
    port: int | None,
    sandbox_: str | None,
    exercise: str | None,
    minutes: float | None,
    data: Path | None,
    co_edit: bool | None,
    demo: bool,
) -> None:
    """Start the product.

    \b
    Example: pairsight run --demo --port 8000
    """
    settings = read_settings(
        os.environ,
        host=host,
        port=port,
        sandbox=sandbox_,
        exercise=exercise,
        minutes=minutes,
        data=data,
        co_edit=co_edit,
    )
    logs.configure(settings.log, settings.log_level)
    # Containers belong to this folder's server, also when it was named on the command line.
    os.environ["PAIRSIGHT_DATA"] = str(settings.data.absolute())
    interviews.exercises.load(settings.exercise)
    backend, probes = sandbox.registry.choose(settings.sandbox)
    listener = serve.bind(settings.host, settings.port)
    name = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{name}:{listener.getsockname()[1]}"
    found = make_interviews(settings)
    click.echo(f"Pairsight on {address}  (sandbox: {backend.name}, assistant: {settings.provider})")
    for passed_over, probe in probes:
        if passed_over != backend.name:
            click.echo(f"  {passed_over} was passed over: {probe.reason}")
    if demo:
        interview, over = demo_interview(settings, found)
        click.echo(f"\n  Candidate    {invitation(settings, address, interview, 'candidate')}")
        click.echo(f"  Interviewer  {invitation(settings, address, interview, 'interviewer')}")
        if over:
            click.echo(
                f"  The last one that is over, for its interviewer  {invitation(settings, address, over, 'interviewer')}"
            )
    click.echo("\n  Stop with Ctrl+C; everything recorded is kept.\n")
    sys.stdout.flush()
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    # What was announced is what is used, also after the daemon has come or gone meanwhile.
    settings = settings.model_copy(update={"sandbox": backend.name})
    serve.Server(listener, settings.threads, lambda: create_app(settings)).run()


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Say what is there, what is missing and how to get it.

    \b
    Example: pairsight doctor --json
    """
    rows = _examine(read_settings(os.environ))
    if as_json:
        click.echo(json.dumps({"ok": all(row["ok"] for row in rows if row["needed"]), "checks": rows}, indent=2))
    else:
        for row in rows:
            mark = "ok     " if row["ok"] else "MISSING" if row["needed"] else "without"
            click.echo(f"{mark}  {row['what']}: {row['detail']}")
            if not row["ok"] and row["how"]:
                click.echo(f"         get it: {row['how']}")
    if not all(row["ok"] for row in rows if row["needed"]):
        sys.exit(1)


def _examine(settings: Settings) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []

    def row(what: str, ok: bool, detail: str, how: str = "", needed: bool = True) -> None:
        rows.append({"what": what, "ok": ok, "needed": needed, "detail": detail, "how": how})

    row("Python", sys.version_info >= (3, 11), sys.version.split()[0], "apt-get install python3")
    probes = {name: sandbox.registry.get(name).probe() for name in sandbox.registry.names()}
    for name, probe in probes.items():
        held = "" if not probe.weaker else f" (not held here: {', '.join(probe.weaker)})"
        row(f"sandbox {name}", probe.ok, probe.reason + held, probe.install, needed=False)
    asked = [name for name in probes if settings.sandbox in ("auto", name)]
    usable = next((name for name in asked if probes[name].ok), "")
    over = [f"{name} is passed over: {probes[name].reason}" for name in asked if name != usable and not probes[name].ok]
    why = f"{settings.sandbox} is set" if settings.sandbox != "auto" else "the first that works"
    found = f"{usable} would be used ({why})" if usable else f"none can be used ({settings.sandbox} is set)"
    row("a sandbox", bool(usable), "; ".join([found, *over]), "apt-get install bubblewrap")
    row("sandboxes at a time", True, _capacity(settings), needed=False)
    built = (ROOT / "web/static/build/workspace.js").is_file()
    row("front end", built, "built" if built else "not built", "make setup")
    for name in assistant.registry.names():
        why = assistant.registry.get(name).check(settings.model)
        row(f"assistant {name}", not why, why or "ready", needed=name == settings.provider)
    for name in interviews.exercises.names():
        try:
            row(f"exercise {name}", True, f"version {interviews.exercises.load(name).spec.version}")
        except PairsightError as error:
            row(f"exercise {name}", False, str(error), needed=False)
    try:
        kept = len(open_log(settings).interviews())
        row("database", True, f"{settings.database_url}, {kept} interviews")
    except PairsightError as error:
        row("database", False, str(error), "check PAIRSIGHT_DATABASE or PAIRSIGHT_DATA")
    return rows


def _capacity(settings: Settings) -> str:
    have = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    room = int(have / PLANNED_GIB)
    return (
        f"{settings.sandboxes} interviews, {settings.queue} people in line, {settings.warm} started ahead; "
        f"this machine's {have:.1f} GiB are good for about {room} interviews"
    )


def _load(log_or_id: str) -> tuple[e.Header, list[e.Record]]:
    path = Path(log_or_id)
    if path.is_file():
        with path.open(encoding="utf-8") as lines:
            return read_log(lines)
    settings = read_settings(os.environ)
    _require_database(settings, log_or_id)
    log = open_log(settings)
    return log.header(log_or_id), log.read(log_or_id)


def _require_database(settings: Settings, named: str) -> None:
    if not settings.database and not (settings.data / "pairsight.db").is_file():
        raise NotFound(
            "Expected a log file or an interview's id, got %(got)s: there is no such file and no database", got=named
        )


@main.command("score")
@click.argument("log", metavar="LOG|ID")
@click.option("--json", "as_json", is_flag=True, help="Print the scorecard as JSON.")
def score_command(log: str, as_json: bool) -> None:
    """Score an interview.

    \b
    Example: pairsight score interview.ndjson --json
    """
    header, records = _load(log)
    verify_chain(header, records)
    card = score_records(header, records)
    if as_json:
        rubrics.registry.export("json").write(sys.stdout, header, records, card)
        return
    for dimension in card.dimensions:
        click.echo(f"{dimension.id}: {dimension.explanation}")
        for indicator in dimension.indicators:
            band = "" if indicator.ci95 is None else f" [{indicator.ci95[0]:.2f}, {indicator.ci95[1]:.2f}]"
            click.echo(
                f"  {indicator.id} ({indicator.status.replace('_', ' ')}, n={indicator.n}){band}: {indicator.explanation}"
            )
    for flag in card.flags:
        click.echo(f"! {flag}")


@main.command("verify")
@click.argument("log", metavar="LOG|ID")
@click.option(
    "--head", metavar="HASH", default="", help="A head noted earlier: tells whether events are missing at the end."
)
@click.option("--strict", is_flag=True, help="Fail too where content is missing and nothing in the log tells why.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify_command(log: str, head: str, strict: bool, as_json: bool) -> None:
    """Check a log's hash chain, and why content is missing.

    \b
    Example: pairsight verify interview.ndjson
    """
    try:
        header, records = _load(log)
        count, last, _ = verify_chain(header, records, head)
        view = _view(log)
        gone = erasure.tombstones(records, visibility.hidden(view))
        if strict and (odd := gone.unexplained or gone.kept):
            told = "No erasure tells why event %(seq)d is empty" if gone.unexplained else _KEPT
            raise LogCorrupt(told, seq=odd[0])
    except LogCorrupt as error:
        if as_json:
            click.echo(json.dumps({"ok": False, "error": str(error), "seq": error.params.get("seq")}))
        raise
    if as_json:
        click.echo(json.dumps({"ok": True, "events": count, "head": last, "view": view, "tombstones": asdict(gone)}))
        return
    click.echo(
        f"{count} events follow from one another; {len(gone.erased)} of them erased, {len(gone.withheld)} withheld. Head {last}"
    )
    if gone.unexplained:
        click.echo(
            f"! {len(gone.unexplained)} are empty and no erasure tells why, the first is event {gone.unexplained[0]}"
        )
    if gone.kept:
        click.echo("! " + _KEPT % {"seq": gone.kept[0]})


_KEPT = "Event %(seq)d was erased, says the log, and is there again, as when a backup is put back"


def _view(log_or_id: str) -> e.Role:
    path = Path(log_or_id)
    if not path.is_file():
        return "interviewer"
    with path.open(encoding="utf-8") as lines:
        return read_view(lines)


@main.command("redact")
@click.argument("interview", metavar="ID")
@click.option(
    "--text-file", type=click.File(encoding="utf-8"), required=True, help="Holds the text to erase; - reads stdin."
)
@click.option("--reason", required=True, help="What it was, in words that everybody may read.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def redact_command(interview: str, text_file: IO[str], reason: str, dry_run: bool, as_json: bool) -> None:
    """Erase a text from an interview that no server leads, wherever it stands. Never name it on the command line.

    \b
    Example: pairsight redact 3f2a --text-file - --reason "A password, typed by mistake" --dry-run
    """
    try:
        text = text_file.read(traces.MOST * 4)
    except UnicodeDecodeError:
        raise BadInput("Expected the text to erase in UTF-8, got other bytes") from None
    asked = redaction.read_redaction(text, None, reason)
    settings = read_settings(os.environ)
    _require_database(settings, interview)
    log = open_log(settings)
    found = redaction.search(log, interview, text)
    if not dry_run:
        try:
            lease = log.acquire(interview, process_name(secrets.token_hex(4)), settings.lease_s)
        except LeaseHeld:
            raise LeaseHeld(
                "A server leads the interview %(id)s: erase it on the interviewer's page, or stop the server first",
                id=interview,
            ) from None
        try:
            redaction.redact_kept(log, interview, lease, "interviewer:operator", asked)
        finally:
            log.release(lease)
    told = {"dry_run": dry_run, **asdict(found)}
    if as_json:
        click.echo(json.dumps(told))
        return
    counts = ", ".join(f"{count} {type_}" for type_, count in found.kinds.items()) or "nothing"
    click.echo(f"{'Would erase' if dry_run else 'Erased'}: {counts}, and {found.also} events that hang on them")
    for type_, count in found.stays.items():
        click.echo(
            f"! {count} {type_} hold it too and stay: they are the exercise's own words or the interview's course"
        )


@main.command("export")
@click.argument("interview", metavar="LOG|ID")
@click.option("--format", "format_", required=True, help=f"One of {', '.join(rubrics.registry.export_ids())}.")
@click.option("--terminal", default="", metavar="NAME", help="Which terminal, for asciicast: t1, t2, …")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
def export_command(interview: str, format_: str, terminal: str, out: Path) -> None:
    """Write an interview's log, scorecard or terminal.

    \b
    Example: pairsight export 3f2a --format csv --out score.csv
             pairsight export 3f2a --format asciicast --terminal t1 --out t1.cast
    """
    chosen = rubrics.registry.export(format_)
    header, records = _load(interview)
    whole = io.StringIO(newline="")
    chosen.write(whole, header, records, score_records(header, records) if chosen.scored else None, terminal)
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            file.write(whole.getvalue())
    except OSError as error:
        raise BadInput("Expected to write %(path)s, got: %(why)s", path=out, why=error.strerror) from None
    click.echo(f"{out}: {len(records)} events" if format_ == "log" else str(out))


@main.command("backup")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def backup_command(folder: Path) -> None:
    """Copy everything into a new folder; the server may go on.

    \b
    Example: pairsight backup /backup/2026-10-02
    """
    settings = read_settings(os.environ)
    _say_what_is_kept(backup.back_up(settings.database_url, secret_file(settings), folder, now_ms()), folder)


@main.command("restore")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--data", required=True, type=click.Path(path_type=Path, file_okay=False), help="New data folder.")
def restore_command(folder: Path, data: Path) -> None:
    """Put a backup into a new data folder, after checking every event of it.

    \b
    Example: pairsight restore /backup/2026-10-02 --data var
    """
    _say_what_is_kept(backup.restore(folder, data), data)


def _say_what_is_kept(manifest: backup.Manifest, place: Path) -> None:
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(manifest.made_at_ms / 1000))
    for one in manifest.interviews:
        click.echo(f"{one.id}: {one.events} events, head {one.head or 'none'}")
    click.echo(f"{place}: {len(manifest.interviews)} interviews, {manifest.events} events, as of {made}")
    broken = [f"{one.id} ({one.broken})" for one in manifest.interviews if one.broken]
    if broken:
        raise LogCorrupt(
            "Everything was copied, but there are logs that were broken before: %(which)s", which="; ".join(broken)
        )


@main.group("image")
def image_group() -> None:
    """The image that Docker's sandboxes start from."""


@image_group.command("build")
@click.option(
    "--base",
    type=click.Choice(["auto", "registry", "debootstrap"]),
    default="auto",
    show_default=True,
    help="Where the small Debian under it comes from; any but auto builds anew.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the image's name as JSON; progress goes to stderr.")
def image_build(base: sandbox.image.BaseFrom, as_json: bool) -> None:
    """Build the image, if this version's is not there.

    \b
    Example: pairsight image build --base debootstrap
    """
    began = time.monotonic()
    name = sandbox.image.build(base, lambda line: click.echo(f"{time.monotonic() - began:6.1f} s  {line}", err=as_json))
    if as_json:
        click.echo(json.dumps({"image": name, "seconds": round(time.monotonic() - began, 1)}))


@main.command("launcher")
@click.option(
    "--socket", "path", type=click.Path(path_type=Path), default="/run/pairsight/launcher.sock", show_default=True
)
@click.option("--user", metavar="NAME|UID", required=True, help="The one user that may connect: the web process's.")
@click.option("--most", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Sandboxes at a time.")
def launcher_command(path: Path, user: str, most: int) -> None:
    """Hold Docker's socket for a web process that must not: start and stop sandboxes for it, and nothing else.

    \b
    Example: pairsight launcher --user pairsight
    """
    try:
        uid = int(user) if user.isdecimal() else pwd.getpwnam(user).pw_uid
    except KeyError:
        raise BadInput("Expected a user of this machine, got %(got)s", got=user) from None
    settings = read_settings(os.environ)
    logs.configure(settings.log, settings.log_level)
    owners = sandbox.owners.Owners(sandbox.owners.owners_folder(path))
    service = sandbox.launcher.Launcher(path, uid, docker.Docker(owners=owners), most=most)
    service.bind()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    click.echo(f"Launcher at {path} for user {user}")
    sys.stdout.flush()
    try:
        service.serve()
    finally:
        service.close()


@main.command("bench")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def bench_command(names: tuple[str, ...], as_json: bool) -> None:
    """Measure, each figure beside a bare baseline of the same run.

    \b
    Example: pairsight bench sandbox --json
    """
    try:
        measure = importlib.import_module("bench.__main__")
    except ImportError:
        raise NotFound("Expected a checkout of the project: the benchmarks are not part of the package") from None
    sys.exit(measure.main([*names, *(["--json"] if as_json else [])]))
