"""Taking back what planted mistakes say: the page that asks once more, and the form that does it.

Owns these two routes. Invariant: nothing is taken back without the page that says what happens; doing it twice does it once. Leaves
out what happens (``interviews.service.consenting``).
"""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, format_time
from flask_babel import gettext as _

from interviews.errors import NotAllowed
from interviews.service import consenting
from interviews.service.interview import Interview
from interviews.service.registry import Interviews
from web.auth import opened_to

withdrawal = Blueprint("withdrawal", __name__)


def until(interview: Interview) -> str:
    """Until when it may be taken back, in words; empty where that is over, was done, or cannot be done yet."""
    last = consenting.until_ms(interview)
    if last is None or interview.now() > last or interview.counts["consent.withdrawn"]:
        return ""
    when = datetime.fromtimestamp(last / 1000, UTC)
    day, time = format_date(when, "long", rebase=False), format_time(when, "short", rebase=False)
    return str(_("%(day)s, %(time)s UTC", day=day, time=time))


def _interview(interview: str) -> Interview:
    found: Interviews = current_app.extensions["interviews"]
    return found.get(interview).interview


@withdrawal.get("/interviews/<interview>/withdraw")
@opened_to("candidate")
def ask(interview: str) -> ResponseReturnValue:
    """What happens when it is taken back, and the button that does it."""
    there = _interview(interview)
    if there.state.status != "finished":
        return redirect(url_for("pages.work", interview=interview))
    last = until(there)
    if not last:
        return redirect(url_for("pages.debrief", interview=interview, _anchor="take-back"))
    return render_template("withdraw.html", interview=interview, until=last)


@withdrawal.post("/interviews/<interview>/withdraw")
@opened_to("candidate")
def take_back(interview: str) -> ResponseReturnValue:
    """Take it back. Raises ``NotAllowed`` where there is nothing to take back, and after seven days."""
    there = _interview(interview)
    if not met(there):
        raise NotAllowed("There is nothing to take back: no mistakes were placed on purpose in this interview")
    consenting.withdraw(there)
    return redirect(url_for("pages.debrief", interview=interview, _anchor="take-back"))


def met(interview: Interview) -> bool:
    """Whether planted mistakes may have been met, in the debrief's words."""
    return interview.state.status == "finished" and any(
        item["outcome"] != "not shown" for item in interview.state.debrief or ()
    )
