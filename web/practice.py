"""A practice round: four small hunks to judge before the interview, in a domain of their own.

Owns the round: its change, and what was wrong with it. Invariant: nothing of it is kept or sent on, neither what was chosen nor
that it was opened; the page works without a script. Leaves out the review itself (``interviews.service``).
"""

from __future__ import annotations

from typing import Any, NamedTuple, get_args

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from interviews.errors import N_
from interviews.events import Verdict
from interviews.service.registry import Interviews
from web import hunks
from web.auth import opened_to

practice = Blueprint("practice", __name__)

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
# As in the review, from one end to the other.
VERDICT_WORDS: dict[str, str] = {
    "block": N_("Block"),
    "probably wrong": N_("Probably wrong"),
    "probably right": N_("Probably right"),
    "merge": N_("Merge"),
}


class Piece(NamedTuple):
    """A hunk of the round: what it is about, whether it is sound, and why or why not."""

    id: str
    about: str
    sound: bool
    why: str
    hunk: dict[str, Any]


PIECES = (
    Piece(
        "p1",
        N_("Begun hours are charged in full."),
        True,
        N_("Dividing the negative number rounds up: 61 minutes are two hours, 60 are one. That is what was asked for."),
        {
            "path": "parking/fee.py", "line": 4, "lead": "def hours(minutes: int) -> int:\n",
            "before": "    return minutes // 60\n", "after": "    return -(-minutes // 60)\n", "trail": "",
        },
    ),
    Piece(
        "p2",
        N_("Parking is free for up to and including 15 minutes."),
        False,
        N_(
            "Who stays for exactly 15 minutes pays: the limit itself belongs to the free time, so it must be “<= 15”. A test of "
            "14 and of 16 minutes does not show it."
        ),
        {
            "path": "parking/fee.py", "line": 8, "lead": "def fee(minutes: int) -> int:\n", "before": "",
            "after": "    if minutes < 15:\n        return 0\n", "trail": "    return HOURLY * hours(minutes)\n",
        },
    ),
    Piece(
        "p3",
        N_("A ticket that cannot be read is told to the attendant."),
        False,
        N_(
            "The error is swallowed: a ticket that cannot be read counts as no time at all, the car leaves for nothing, and nobody "
            "is told. It must be let through to whoever tells the attendant."
        ),
        {
            "path": "parking/ticket.py", "line": 11, "lead": "def minutes_on(ticket: str) -> int:\n",
            "before": "    return int(ticket.split(\":\")[1])\n",
            "after": "    try:\n        return int(ticket.split(\":\")[1])\n"
            "    except (IndexError, ValueError):\n        return 0\n",
            "trail": "",
        },
    ),
    Piece(
        "p4",
        N_("A test for begun hours."),
        True,
        N_("It asks on both sides of the hour, and says what must come out. Nothing is wrong with it."),
        {
            "path": "tests/test_fee.py", "line": 9, "lead": "", "before": "",
            "after": "def test_begun_hours_are_charged_in_full():\n    assert hours(60) == 1\n    assert hours(61) == 2\n",
            "trail": "",
        },
    ),
)  # fmt: skip


@practice.get("/interviews/<interview>/practice")
@opened_to("candidate")
def begin(interview: str) -> ResponseReturnValue:
    """The four hunks, with nothing chosen."""
    return _page(interview, {})


@practice.post("/interviews/<interview>/practice")
@opened_to("candidate")
def check(interview: str) -> ResponseReturnValue:
    """The same, with what was wrong beside what was chosen."""
    return _page(interview, {piece.id: request.form.get(piece.id, "") for piece in PIECES})


def _page(interview: str, given: dict[str, str]) -> ResponseReturnValue:
    found: Interviews = current_app.extensions["interviews"]
    room = found.get(interview)
    if room.interview.state.status not in ("invited", "ready"):
        # The clock runs, or it is over.
        return redirect(url_for("pages.work", interview=interview))
    shown = [
        {
            "id": piece.id, "about": _(piece.about), "path": piece.hunk["path"], "line": piece.hunk["line"],
            "lines": hunks.lines(piece.hunk), "given": given.get(piece.id, ""), "answer": _answer(piece, given) if given else "",
            "why": _(piece.why),
        }
        for piece in PIECES
    ]  # fmt: skip
    verdicts = [(verdict, _(VERDICT_WORDS[verdict])) for verdict in VERDICTS]
    back = "pages.consent" if room.interview.state.status == "invited" else "pages.waiting"
    return render_template(
        "practice.html", pieces=shown, verdicts=verdicts, checked=bool(given), back=url_for(back, interview=interview)
    )


def _answer(piece: Piece, given: dict[str, str]) -> str:
    """How the verdict and the piece go together, in words."""
    verdict = given[piece.id]
    if verdict not in VERDICTS:
        words = _("It is right.") if piece.sound else _("It is wrong.")
        return str(words)
    trusted, sure = verdict in ("probably right", "merge"), verdict in ("block", "merge")
    if trusted == piece.sound:
        words = _("That is so.") if sure else _("That is so; you could have been surer.")
    elif piece.sound:
        words = _("It is right: a sound piece held up.") if sure else _("It is right after all.")
    else:
        words = _("It is wrong: a mistake let in.") if sure else _("It is wrong after all.")
    return str(words)
