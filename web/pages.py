"""The pages: invitation, consent, workspace, live view, replay, debrief, scorecard.

Owns which page a role is sent to. Invariant: a page shows what the log says and changes nothing, but for consent.
Leaves out the JSON that pages read (``api``).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from assistant.base import Provider
from interviews import events as e
from interviews.chain import checked
from interviews.errors import LogCorrupt, PlatformFailure
from interviews.events import Role
from interviews.fold import fold
from interviews.service import consenting
from interviews.service.phases import BETWEEN_MS
from interviews.service.registry import Interviews
from interviews.service.room import Room
from interviews.state import State
from interviews.visibility import shown
from rubrics.base import LogView
from rubrics.reading.fates import fates
from rubrics.scoring import score
from web import consent as consents
from web import hunks, i18n, rating, withdrawal
from web.auth import grant, opened_to, public, read_link, require_valid
from web.rescored import other_rubrics
from web.wentwell import facts as went_well
from web.words import render

pages = Blueprint("pages", __name__)


def interviews() -> Interviews:
    """The interviews of this app."""
    found: Interviews = current_app.extensions["interviews"]
    return found


def visible_state(room: Room, role: Role, at: int | None = None) -> dict[str, Any]:
    """The view state for that role, folded from what it may see, up to event ``at``."""
    records = room.interview.log.read(room.interview.id)
    upto = [record for record in records if at is None or record.seq <= at]
    withdrawn = consenting.withdrawn(room.interview)
    return fold(e.understand(shown(role, record, withdrawn)) for record in upto).to_json()


def _boot(room: Room, role: Role) -> dict[str, Any]:
    interview = room.interview
    header = interview.header.model_dump(mode="json")
    if role == "candidate":
        # Which variation this is could tell which proposals hold a mistake.
        header["exercise"] |= {"seed": 0, "sha256": ""}
    urls = {
        "events": url_for("api.events", interview=interview.id, role=role),
        "state": url_for("api.state", interview=interview.id, role=role),
    }
    if role == "candidate":
        for name in ("debrief", "work", "tickets"):
            urls[name] = url_for(f"pages.{name}", interview=interview.id)
    else:
        for name in ("watch", "replay", "scorecard"):
            urls[name] = url_for(f"pages.{name}", interview=interview.id)
        for suffix in ("log", "json", "csv", "asciicast"):
            urls[f"export_{suffix}"] = url_for("api.export", interview=interview.id, suffix=suffix)
    return {
        "interview": interview.id, "role": role, "header": header, "briefHtml": render(interview.exercise.brief),
        "openFirst": list(interview.exercise.spec.open_first), "urls": urls, "serverNow": interview.now(),
        "betweenMs": BETWEEN_MS,
        "locale": i18n.locale(), "messages": i18n.catalogue(),
    }  # fmt: skip


def _app_page(room: Room, role: Role, entry: str, *, with_state: bool) -> str:
    boot = _boot(room, role)
    if entry == "tickets":
        boot["page"] = entry
    if with_state:
        boot["snapshot"] = visible_state(room, role)
    elif room.interview.state.status in ("submitted", "finished"):
        boot["fates"] = [asdict(fate) for fate in fates(map(e.understand, room.interview.log.read(room.interview.id)))]
    return render_template("app.html", entry=entry, boot=boot, title=room.interview.header.exercise.title)


def _provider(room: Room) -> Provider:
    return room.interview.tools.provider(room.interview.header.settings.provider)


def _has_review(room: Room) -> bool:
    return room.interview.header.settings.review_minutes > 0 and room.interview.exercise.review is not None


def _consent_words(room: Room) -> tuple[list[tuple[str, list[str]]], list[consents.Choice]]:
    """What is told, and the formats to choose from; all of it is what the candidate agrees to."""
    told = room.interview.header.settings, _provider(room), _has_review(room)
    return consents.sections(*told), consents.choices(*told)


def _consent_page(room: Room, trouble: str = "") -> str:
    parts, formats = _consent_words(room)
    return render_template(
        "consent.html", room=room, parts=parts, formats=formats, review=_has_review(room), trouble=trouble, agreed=bool(trouble),
        summary=room.interview.exercise.spec.summary,
    )  # fmt: skip


@pages.get("/")
@public
def index() -> ResponseReturnValue:
    """Where someone lands without a link."""
    return render_template(
        "message.html", title=_("Pairsight"), lines=[_("Open the invitation link that was sent to you.")]
    )


@pages.get("/join/<token>")
@public
def join(token: str) -> ResponseReturnValue:
    """Take an invitation: remember the role, go to its page."""
    link = read_link(current_app.config["SECRET_KEY"], token)
    now, promised = interviews().tools.clock(), None
    if now > link.expires_ms and link.role == "candidate":
        # What may be taken back for seven days is taken back on a page that the link leads to.
        promised = consenting.until_ms(interviews().get(link.interview).interview)
    require_valid(link, now, promised)
    interviews().get(link.interview)
    grant(link)
    target = "pages.consent" if link.role == "candidate" else "pages.watch"
    return redirect(url_for(target, interview=link.interview))


@pages.get("/interviews/<interview>/consent")
@opened_to("candidate")
def consent(interview: str) -> ResponseReturnValue:
    """What is recorded and how the assistant behaves, before anything is."""
    room = interviews().get(interview)
    if room.interview.state.status != "invited":
        return redirect(url_for("pages.work", interview=interview))
    return _consent_page(room)


@pages.post("/interviews/<interview>/consent")
@opened_to("candidate")
def agree(interview: str) -> ResponseReturnValue:
    """Record the consent and start, now or when there is a place."""
    room = interviews().get(interview)
    if request.form.get("agreed") != "yes":
        return redirect(url_for("pages.consent", interview=interview))
    parts, formats = _consent_words(room)
    chosen = request.form.get("plants", "")
    if room.interview.state.status == "invited" and formats and chosen not in [one.value for one in formats]:
        return _consent_page(room, _("Please choose one of the two formats; neither is better in itself.")), 400
    room.consent(consents.text_hash(parts, formats), i18n.locale(), plants=not formats or chosen == "yes")
    try:
        if not room.start():
            return redirect(url_for("pages.waiting", interview=interview))
    except PlatformFailure as failure:
        return _wait_page(room, i18n.tell(failure)), failure.status
    return redirect(url_for("pages.work", interview=interview))


@pages.get("/interviews/<interview>/wait")
@opened_to("candidate")
def waiting(interview: str) -> ResponseReturnValue:
    """How far it is until the candidate's turn. Nothing of the exercise is on this page: the clock does not run yet."""
    room = interviews().get(interview)
    if room.interview.state.status != "ready":
        return redirect(url_for("pages.work", interview=interview))
    return _wait_page(room, _(room.interview.state.sandbox_lost) if room.interview.state.sandbox_lost else "")


def _wait_page(room: Room, trouble: str) -> str:
    return render_template(
        "wait.html", room=room, state=room.interview.state, trouble=trouble, review=_has_review(room)
    )


@pages.get("/interviews/<interview>/work")
@opened_to("candidate")
def work(interview: str) -> ResponseReturnValue:
    """The candidate's workspace."""
    room = interviews().get(interview)
    status = room.interview.state.status
    if status == "invited":
        return redirect(url_for("pages.consent", interview=interview))
    if status == "ready":
        return redirect(url_for("pages.waiting", interview=interview))
    if status in ("submitted", "finished"):
        return redirect(url_for("pages.debrief", interview=interview))
    return _app_page(room, "candidate", "workspace", with_state=True)


@pages.get("/interviews/<interview>/tickets")
@opened_to("candidate")
def tickets(interview: str) -> ResponseReturnValue:
    """Handing work over and looking at what comes back, beside a workspace that stays open elsewhere."""
    room = interviews().get(interview)
    under_way = room.interview.state.status in ("running", "grace", "between")
    if not under_way or not room.interview.header.settings.delegation:
        return redirect(url_for("pages.work", interview=interview))
    return _app_page(room, "candidate", "tickets", with_state=True)


@pages.get("/interviews/<interview>/debrief")
@opened_to("candidate")
def debrief(interview: str) -> ResponseReturnValue:
    """Each planted mistake, what the candidate did, and the fix."""
    room = interviews().get(interview)
    state = room.interview.state
    if state.status not in ("submitted", "finished"):
        return redirect(url_for("pages.work", interview=interview))
    # Older logs tell of those, too, that were not met: they are kept for whoever meets them.
    told = [_told(state, item) for item in state.debrief or [] if item["outcome"] != "not shown"]
    groups = [(phase, [item for item in told if item["phase"] == phase]) for phase in ("open", "review")]
    settings = room.interview.header.settings
    return render_template(
        "debrief.html", room=room, state=state, groups=[(phase, items) for phase, items in groups if items],
        plants=_has_review(room) or consents.plants(settings, _provider(room)),
        went_well=went_well(state, map(e.understand, room.interview.log.read(interview))), met=withdrawal.met(room.interview),
        until=withdrawal.until(room.interview), taken_back=bool(room.interview.counts["consent.withdrawn"]),
    )  # fmt: skip


def _told(state: State, item: dict[str, Any]) -> dict[str, Any]:
    """A planted mistake as its card shows it: with the hunk that held it, and the verdict on that."""
    name, hunk = item["suggestion"], item["hunk"]
    review = state.review if state.review is not None and state.review.review == name else None
    offered = review.hunks if review else state.suggestions[name].hunks if name in state.suggestions else []
    held = next((one for one in offered if one["hunk"] == hunk), None)
    return {
        **item, "explanation_html": render(item["explanation"]), "fix_html": render(item["fix"]),
        "held": held, "lines": hunks.lines(held) if held else [], "said": review.verdicts.get(hunk, {}) if review else {},
    }  # fmt: skip


@pages.get("/interviews/<interview>/watch")
@opened_to("interviewer")
def watch(interview: str) -> ResponseReturnValue:
    """The interview as it happens."""
    return _app_page(interviews().get(interview), "interviewer", "watch", with_state=True)


@pages.get("/interviews/<interview>/replay")
@opened_to("interviewer")
def replay(interview: str) -> ResponseReturnValue:
    """The interview as it happened."""
    return _app_page(interviews().get(interview), "interviewer", "replay", with_state=False)


@pages.get("/interviews/<interview>/scorecard")
@opened_to("interviewer")
def scorecard(interview: str) -> ResponseReturnValue:
    """The proposed score beside what people say, each line linked to its moments; first, the form for one's own levels.

    A log whose chain does not hold has no score, not even a part of one: it is said, and the whole log can still be taken.
    """
    room = interviews().get(interview)
    try:
        if not rating.sighted(room):
            return redirect(url_for("rating.form", interview=interview))
        records = room.interview.log.read(interview)
        log = LogView.of(room.interview.header, checked(room.interview.header, records))
    except LogCorrupt as error:
        return render_template("broken.html", room=room, why=i18n.tell(error)), error.status
    rubric = rating.rubric_in_force()
    card = score(log, rubric, translate=lambda text: str(_(text)))
    moments = rating.moments(room, records)
    return render_template(
        "scorecard.html", room=room, card=card, rubric=rubric, moments=moments, state=room.interview.state,
        people=rating.compared(room, log, card, rubric), **other_rubrics(interview, rubric.ref.sha256),
    )  # fmt: skip


@pages.post("/theme")
@public
def theme() -> ResponseReturnValue:
    """Remember light, dark or the system's choice."""
    chosen = request.form.get("theme", "")
    session["theme"] = chosen if chosen in ("light", "dark") else ""
    return Response(status=204)


def install(app: Any) -> None:
    """Register the pages and what their templates use."""
    app.register_blueprint(pages)
    app.context_processor(lambda: {"theme": session.get("theme", ""), "locale": i18n.locale()})
