"""Judging an interview: the form that comes first, the comparison behind it, overriding and signing.

Owns these routes and who has come far enough to see the proposed score. Invariant: nobody is shown it, in whatever form, before
they have rated or said that they will not; what a form held is there again where it did not fit. Leaves out what is recorded
(``interviews.service.rating``) and the scorecard's other parts (``pages``).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any, cast, get_args

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from interviews import events as e
from interviews.chain import sha256_hex, verify
from interviews.errors import N_, BadInput, Conflict, NotAllowed
from interviews.log import ClientKey
from interviews.service import rating as service
from interviews.service.registry import Interviews
from interviews.service.room import Room
from rubrics.base import LogView, Note, Scorecard
from rubrics.people import differences, questions, ratings
from rubrics.people.sampling import second_wanted
from rubrics.rubric import Rubric
from web import auth
from web.auth import opened_to
from web.i18n import tell

rating = Blueprint("rating", __name__)
LEVELS: tuple[int, ...] = get_args(e.Level)
NONE = "none"
# As long as the form's field.
MAX_EVIDENCE_TEXT = 400
ANSWERS = (
    N_("cannot say"), N_("guesses"), N_("says what it does"), N_("says why too"), N_("says why, and what follows"),
)  # fmt: skip
_TIME = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})")
_MOMENT = re.compile(r"[^\s,;]+")


def sighted(room: Room) -> bool:
    """Whether the caller has rated this interview, or chose to see the proposed score without."""
    return service.has_seen(room.interview.log.read(room.interview.id), [auth.rater(room.interview.id)])


def require_sighted(room: Room) -> None:
    """Raise ``NotAllowed`` before that."""
    if not sighted(room):
        raise NotAllowed(
            "Judge first: rate this interview, or choose to see the score without rating, on its page Scorecard. "
            "Then it is shown here too"
        )


def under(rubric: Rubric) -> service.Under:
    """The rubric as judgements name it."""
    ids = tuple(dimension.id for dimension in rubric.dimensions)
    return service.Under(rubric.id, rubric.version, rubric.sha256, ids)


def moments(room: Room, records: list[e.Record]) -> dict[int, tuple[str, int]]:
    """By event its type and the seconds since the clock started, as the replay counts them."""
    start = next((r.at_ms for r in records if r.type == "phase.started"), room.interview.header.created_at_ms)
    return {r.seq: (r.type, max(0, r.at_ms - start) // 1000) for r in records}


def say(note: Note) -> str:
    """A note in the reader's language."""
    text = str(_(note.text))
    return text % dict(note.values) if note.values else text


def _words(rubric: Rubric) -> dict[str, Any]:
    """The rubric's own words in the reader's language, as plain text: whoever wrote it may have written any sign."""
    titles = {one.id: one.title for one in rubric.dimensions}
    titles |= {one.id: one.title for dimension in rubric.dimensions for one in dimension.indicators}
    return {
        "titles": {id_: str(_(title)) for id_, title in titles.items()},
        "about": {one.id: str(_(one.about)) for one in rubric.dimensions},
        "anchors": {
            one.id: [str(_(words)) if words else "" for words in differences.anchors(one)] for one in rubric.dimensions
        },
    }


@dataclass(frozen=True)
class Field:
    """What was entered for one dimension or question, as it was entered."""

    level: str = ""
    reason: str = ""
    evidence: str = ""


def _room(interview: str) -> Room:
    found: Interviews = current_app.extensions["interviews"]
    return found.get(interview)


@rating.get("/interviews/<interview>/rate")
@opened_to("interviewer")
def form(interview: str) -> ResponseReturnValue:
    """Their own levels, before they see others'."""
    return _form(_room(interview))


def rubric_in_force() -> Rubric:
    """What the pages of this installation score by and people rate under."""
    found: Rubric = current_app.extensions["rubric"]
    return found


def _form(room: Room, trouble: str = "") -> str:
    rubric, records = rubric_in_force(), room.interview.log.read(room.interview.id)
    log = LogView.of(room.interview.header, records)
    raters = auth.raters(room.interview.id)
    asked = [(one, say(one.text)) for one in questions.questions(log)]
    names = [dimension.id for dimension in rubric.dimensions] + [f"q-{one.id}" for one, _text in asked]
    return render_template(
        "rate.html", room=room, state=room.interview.state, rubric=rubric, asked=asked, trouble=trouble, levels=LEVELS,
        answers=[str(_(words)) for words in ANSWERS],
        **_words(rubric),
        entered={name: _entered(name) for name in names}, moments=moments(room, records), raters=raters,
        open=room.interview.state.status in service.JUDGED, seen=service.has_seen(records, raters),
        rated=service.has_rated(records, raters), token=request.form.get("token") or secrets.token_hex(8),
        notes=[record for record in records if record.type == "note.added" and record.actor == f"interviewer:{raters[-1]}"],
    )  # fmt: skip


def _entered(name: str) -> Field:
    return Field(*(request.form.get(f"{part}-{name}", "") for part in ("level", "reason", "evidence")))


def _key(rater: str) -> ClientKey:
    """The same form sent twice is one act, with other content it is another."""
    content = sha256_hex(repr(sorted(request.form.items(multi=True))).encode())
    return ClientKey(f"judging:{rater}:{content[:32]}", 0)


@rating.post("/interviews/<interview>/rate")
@opened_to("interviewer")
def rate(interview: str) -> ResponseReturnValue:
    """Record the levels and go on to the comparison. What does not fit is said above the form, with all that was entered."""
    room, rubric = _room(interview), rubric_in_force()
    raters, records = auth.raters(interview), room.interview.log.read(interview)
    _require_same(raters[-1], rubric)
    try:
        given = [_rating(room, records, dimension.id, str(_(dimension.title))) for dimension in rubric.dimensions]
        asked = questions.questions(LogView.of(room.interview.header, records))
        answers = [answer for one in asked if (answer := _answer(one)) is not None]
        service.rate(room.interview, raters, under(rubric), given, answers, _key(raters[-1]))
    except BadInput as error:
        return _form(room, tell(error)), error.status
    return redirect(url_for("pages.scorecard", interview=interview))


def _require_same(rater: str, rubric: Rubric) -> None:
    """Raise ``Conflict`` where the form was shown to another name, or under another rubric, than it is sent by and under."""
    shown_to, shown_under = request.form.get("rater", rater), request.form.get("rubric", rubric.sha256)
    if shown_to != rater:
        raise Conflict(
            "This page was shown to %(was)s, and this browser is %(now)s since. Please open your own link again",
            was=shown_to[:80], now=rater,
        )  # fmt: skip
    if shown_under != rubric.sha256:
        raise Conflict("The rubric has changed since this page was shown. Please look at the score again")


def _rating(room: Room, records: list[e.Record], dimension: str, title: str) -> e.Rating:
    entered = _entered(dimension)
    if entered.level not in (NONE, *map(str, LEVELS)):
        raise BadInput("Please choose a level for %(what)s, or “cannot tell”", what=title)
    level = None if entered.level == NONE else cast(e.Level, int(entered.level))
    evidence = _seqs(room, records, entered.evidence)
    return e.Rating(dimension=dimension, level=level, reason=entered.reason.strip(), evidence=evidence)


def _answer(asked: questions.Question) -> service.Explained | None:
    entered = _entered(f"q-{asked.id}")
    if entered.level not in map(str, LEVELS):
        return None
    return service.Explained(asked.id, asked.about_seq, cast(e.Level, int(entered.level)), entered.reason.strip())


def _seqs(room: Room, records: list[e.Record], text: str) -> tuple[int, ...]:
    """Numbers of events, or times as the replay shows them: of a time, the last event until then."""
    if len(text) > MAX_EVIDENCE_TEXT:
        raise BadInput(
            "Expected %(most)d characters of moments at most, got %(got)d", most=MAX_EVIDENCE_TEXT, got=len(text)
        )
    there, out = moments(room, records), []
    for part in _MOMENT.findall(text):
        time = _TIME.fullmatch(part)
        number = part.removeprefix("#")
        if time:
            hours, minutes, seconds = (int(group or 0) for group in time.groups())
            until = hours * 3600 + minutes * 60 + seconds
            out.append(max((seq for seq, (_type, at) in there.items() if at <= until), default=1))
        elif number.isascii() and number.isdigit() and len(number) <= 9:
            out.append(int(number))
        else:
            raise BadInput(
                "Expected times such as 18:32, or numbers of events such as #120, got %(got)s", got=part[:40]
            )
    return tuple(dict.fromkeys(out))


@rating.post("/interviews/<interview>/reveal")
@opened_to("interviewer")
def reveal(interview: str) -> ResponseReturnValue:
    """Show the score to someone who does not rate first, and record that they did not."""
    service.reveal(_room(interview).interview, auth.raters(interview))
    return redirect(url_for("pages.scorecard", interview=interview))


@rating.post("/interviews/<interview>/override")
@opened_to("interviewer")
def override(interview: str) -> ResponseReturnValue:
    """Put another level beside the proposed one."""
    room, rater = _room(interview), auth.rater(interview)
    _require_same(rater, rubric_in_force())
    level, dimension = request.form.get("level", ""), request.form.get("dimension", "")
    if level not in (NONE, *map(str, LEVELS)):
        raise BadInput("Expected a level from 1 to 5 or “cannot tell”, got %(got)s", got=level[:40] or "nothing")
    chosen = None if level == NONE else cast(e.Level, int(level))
    about = under(rubric_in_force())
    service.override(room.interview, rater, about, dimension, chosen, request.form.get("reason", ""), _key(rater))
    return redirect(url_for("pages.scorecard", interview=interview, _anchor=f"people-{dimension}"))


@rating.post("/interviews/<interview>/sign")
@opened_to("interviewer")
def sign(interview: str) -> ResponseReturnValue:
    """Sign what the page showed."""
    room, rater, seen = _room(interview), auth.rater(interview), request.form.get("seen", "")
    _require_same(rater, rubric_in_force())
    if not (seen.isascii() and seen.isdigit() and len(seen) <= 9):
        raise BadInput("Expected the number of the last event that the page showed, got %(got)s", got=seen[:40])
    # What a signature makes final must follow from what was recorded: of a broken log the page shows no score.
    verify(room.interview.header, room.interview.log.read(interview))
    service.sign(room.interview, rater, under(rubric_in_force()), int(seen), _key(rater))
    return redirect(url_for("pages.scorecard", interview=interview, _anchor="sign"))


def compared(room: Room, log: LogView, card: Scorecard, rubric: Rubric) -> dict[str, Any]:
    """What ``_compare.html`` shows of people beside the proposed score."""
    said, rater = ratings.judged(log, rubric), auth.rater(room.interview.id)
    told = differences.differences(rubric, card.dimensions, said.ratings)
    share = float(current_app.config["SECOND_RATER"])
    given = [event for event in log.events if isinstance(event.data, e.RatingRecorded)]
    evidence = {
        (event.seq, one.dimension): one.evidence
        for event in given
        if isinstance(event.data, e.RatingRecorded)
        for one in event.data.ratings
    }
    return {
        "said": said, "rater": rater, "evidence": evidence, "levels": LEVELS,
        "words": {id_: str(_(text)) for id_, text in questions.WORDS.items()},
        "counting": {one.seq for one in ratings.counting(said.ratings)}, "token": secrets.token_hex(8),
        "differences": {
            (one.dimension, one.seq): (one, [say(note) for note in one.words]) for one in told
        },
        "apart": {
            one.id: say(note)
            for one in card.dimensions
            if (note := differences.apart(ratings.counting(said.ratings), one.id)) is not None
        },
        "unseen": {one.id: [str(_(text)) for text in differences.unseen(one)] for one in rubric.dimensions},
        **_words(rubric),
        "spans": {score.id: differences.span(one, score) for score, one in zip(card.dimensions, rubric.dimensions, strict=True)},
        "final": {one.dimension: one for one in card.final},
        "sampled": second_wanted(room.interview.id, share), "share": round(share * 100),
        "blind": len({ratings.person(one.rater) for one in said.ratings if one.blind}),
        "signable": room.interview.counts["score.recorded"] > 0,
    }  # fmt: skip
