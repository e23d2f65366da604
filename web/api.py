"""The JSON that pages, tests and programs read: events, states, scorecards, exports.

Owns these routes. Invariant: everything passes the one visibility filter for the role in its URL; a score, and what others say of
the interview, goes to those alone who judged it first, or said that they will not (``rating``).
"""

from __future__ import annotations

import io

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from interviews.errors import BadInput, NotAllowed
from interviews.events import Role
from interviews.service import consenting
from interviews.service.grading import waits_for
from interviews.visibility import wire, withhold
from rubrics import registry as rubric_registry
from rubrics.base import Scorecard
from web.auth import opened_to, opened_to_named_role
from web.pages import interviews, visible_state
from web.rating import require_sighted, sighted

api = Blueprint("api", __name__)


def _number(name: str) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise BadInput("Expected %(name)s to be the number of an event, got %(got)s", name=name, got=text[:40])
    return int(text)


@api.get("/api/interviews/<interview>/<role>/events")
@opened_to_named_role
def events(interview: str, role: Role) -> ResponseReturnValue:
    """``{"events": [...], "last": seq}``: that role's view of the log after event ``since``."""
    room = interviews().get(interview)
    since = _number("since") or 0
    records, withdrawn = room.interview.log.read(interview, since), consenting.withdrawn(room.interview)
    return jsonify(
        {"events": [wire(role, record, withdrawn) for record in records], "last": records[-1].seq if records else since}
    )


@api.get("/api/interviews/<interview>/<role>/state")
@opened_to_named_role
def state(interview: str, role: Role) -> ResponseReturnValue:
    """The view state for that role after event ``at``, or as it is now."""
    return jsonify(visible_state(interviews().get(interview), role, _number("at")))


def _scorecard(interview: str) -> Scorecard:
    room = interviews().get(interview)
    records = room.interview.log.read(interview)
    if room.interview.state.status == "submitted":
        if why := waits_for(records):
            raise NotAllowed(
                "The work is in; grading waits and goes on by itself, then there is a score: %(why)s", why=why
            )
        raise NotAllowed("The work is in and being graded; there is a score in a moment")
    if room.interview.state.status != "finished":
        raise NotAllowed("There is a score once the interview has been submitted and its hidden tests have run")
    require_sighted(room)
    return Scorecard.model_validate(interviews().tools.score(room.interview.header, records))


@api.get("/api/interviews/<interview>/interviewer/scorecard")
@opened_to("interviewer")
def scorecard(interview: str) -> ResponseReturnValue:
    """The scorecard as JSON."""
    return jsonify(_scorecard(interview).model_dump(mode="json"))


@api.get("/interviews/<interview>/export.<suffix>")
@opened_to("interviewer")
def export(interview: str, suffix: str) -> ResponseReturnValue:
    """The log, the scorecard or the terminal ``?terminal=`` as a file."""
    chosen, room = rubric_registry.export(suffix), interviews().get(interview)
    out = io.StringIO(newline="")
    card = _scorecard(interview) if chosen.scored else None
    terminal = request.args.get("terminal", "")
    withdrawn = consenting.withdrawn(room.interview)
    whole, judged = room.interview.log.read(interview), sighted(room)
    records = [withhold("interviewer", record, withdrawn, judged=judged) for record in whole]
    chosen.write(out, room.interview.header, records, card, terminal)
    name = f"pairsight-{interview}{'-' + terminal if terminal.isalnum() and terminal.isascii() else ''}.{chosen.suffix}"
    # Named, for a client that is told no charset guesses one, and now and then guesses wrong.
    kind = f"{chosen.media_type}; charset=utf-8"
    return Response(
        out.getvalue(), content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
