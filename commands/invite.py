"""The command that makes a link into an interview, for one person.

Owns its words. Invariant: the name in a link is signed with it, so that a second rater cannot pass for the first. Leaves out what
a link opens (``web.auth``).
"""

from __future__ import annotations

import json
import os
from typing import cast

import click

from interviews import events as e
from interviews.errors import BadInput
from interviews.service.rating import read_name
from interviews.settings import read_settings
from wiring import invitation, open_log, require_database


@click.command("invite")
@click.argument("interview", metavar="ID")
@click.option(
    "--role",
    type=click.Choice(["candidate", "interviewer"]),
    default="interviewer",
    show_default=True,
    help="Whom it is for.",
)
@click.option("--rater", metavar="NAME", default="", help="The interviewer's name, under which they rate.")
@click.option(
    "--address", metavar="URL", default="", help="Where the server is reached; by default host and port as set."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def invite_command(interview: str, role: str, rater: str, address: str, as_json: bool) -> None:
    """Make a link into an interview. Give each interviewer one with their own name: a second rater needs it.

    \b
    Example: pairsight invite 3f2a --rater "Ada Lovelace" --address https://interviews.example.org
    """
    if rater and role != "interviewer":
        raise BadInput("Expected --rater for an interviewer alone: a candidate rates nobody")
    name = read_name(rater) if rater else ""
    settings = read_settings(os.environ)
    require_database(settings, interview)
    open_log(settings).header(interview)
    base = (address or f"http://{settings.host}:{settings.port}").rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise BadInput("Expected an address that begins with http:// or https://, got %(got)s", got=address[:80])
    link = invitation(settings, base, interview, cast(e.Role, role), name)
    if as_json:
        click.echo(json.dumps({"interview": interview, "role": role, "rater": name, "link": link}))
        return
    click.echo(link)
