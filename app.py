"""The product put together: ``create_app`` and the ``pairsight`` command.

Owns the web's wiring and what ``pairsight`` knows, and nothing else. Leaves out the parts behind it (``wiring``) and what the
subcommands do (``commands``).
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

import click
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_socketio import SocketIO
from werkzeug.exceptions import HTTPException

import assistant.registry
import sandbox.registry
from commands import doctor, exercise, operating, records
from commands.adverse import adverse_command
from commands.agreement import agreement_command
from commands.baseline import baseline_command
from commands.invite import invite_command
from commands.judge import judge_command
from commands.making import making
from commands.measure import measure_command
from commands.rescore import rescore_command
from commands.rubric import rubric_group
from commands.saying import plain
from commands.simulate import simulate_command
from commands.validate import validate_command
from interviews.errors import BadInput, LeaseHeld, NotFound, PairsightError
from interviews.service.background import begin, settle
from interviews.settings import Settings, read_settings
from rubrics import rubric as rubric_files
from web import api, auth, health, i18n, logs, metrics, pages, practice, rating, security, serve, withdrawal
from web.seats import MOVED
from web.sockets import Sockets
from wiring import (
    ROOT,
    demo_interview,
    interview_settings,
    invitation,
    make_interviews,
    open_log,
    other_rubrics,
    score_records,
    secret_key,
)

__all__ = ["create_app", "invitation", "main", "make_interviews", "open_log", "prepared", "score_records"]


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
        SECOND_RATER=settings.second_rater,
    )
    app.jinja_env.globals["csp_nonce"] = security.nonce
    figures = metrics.Metrics()
    log = open_log(settings, figures.committed)
    app.extensions["interviews"] = found = make_interviews(settings, log)
    app.extensions["rubric"] = rubric_files.find(settings.rubric)
    app.extensions["other_rubrics"] = other_rubrics(settings)
    i18n.install(app, settings.locale)
    security.guard(app)
    auth.close_by_default(app)
    pages.install(app)
    app.register_blueprint(api.api)
    app.register_blueprint(practice.practice)
    app.register_blueprint(withdrawal.withdrawal)
    app.register_blueprint(rating.rating)
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


# The command


class _Commands(click.Group):
    """Errors end as one line on stderr and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PairsightError as error:
            click.echo(f"pairsight: {plain(str(error))}", err=True)
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Interviews in which a candidate programs together with an AI."""


@main.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.")
@click.option("--sandbox", metavar="NAME", help="Sandbox backend, or auto.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the database and the secret key.")
@making
@click.option("--demo", is_flag=True, help="Make an interview if none is open, and print its links.")
def run(demo: bool, **options: Any) -> None:
    """Start the product. Options win over the settings of the same names, PAIRSIGHT_HOST and so on.

    \b
    Example: pairsight run --demo --port 8000
             pairsight run --demo --mode agent --budget-usd 2.50
    """
    settings = read_settings(os.environ, **options)
    interview_settings(settings)
    logs.configure(settings.log, settings.log_level)
    # Containers belong to this folder's server, also when it was named on the command line.
    os.environ["PAIRSIGHT_DATA"] = str(settings.data.absolute())
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
    serve.Server(listener, settings.threads, lambda: prepared(settings)).run()


def prepared(settings: Settings) -> Flask:
    """The application as a server has it: what the assistant has to read is read by the time that somebody asks."""
    provider = assistant.registry.get(settings.provider)

    def prepare() -> None:
        provider.prepare()
        settle()

    begin("assistant-ready", prepare)
    return create_app(settings)


for command in (
    doctor.doctor,
    exercise.exercise_group,
    records.score_command,
    records.verify_command,
    records.redact_command,
    records.export_command,
    rubric_group,
    baseline_command,
    measure_command,
    simulate_command,
    validate_command,
    judge_command,
    invite_command,
    agreement_command,
    rescore_command,
    adverse_command,
    operating.backup_command,
    operating.restore_command,
    operating.image_group,
    operating.launcher_command,
    operating.bench_command,
):
    main.add_command(command)
