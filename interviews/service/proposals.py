"""What the candidate decides about the assistant's proposals.

Owns accepting hunks, as they are or changed by hand, rejecting them, and making a stale one anew. Invariant: a hunk is accepted
only where the lines it replaces stand unchanged (``anchors``); what one act decides is recorded whole or not at all; what the
candidate changed in a hunk is theirs in the log, the rest the assistant's. Leaves out how proposals come (``pairing``).
"""

from __future__ import annotations

from typing import Literal, get_args

from assistant.merge import merge
from assistant.templates import Line
from interviews import events as e
from interviews.anchors import Text, around, find, lines_of
from interviews.errors import BadInput, Conflict, NotFound
from interviews.log import ClientKey, Draft
from interviews.service.accepting import Accepting, place_of, stale
from interviews.service.interview import Interview
from interviews.service.tickets import superseded
from interviews.state import SuggestionView

MAX_REASON = 2_000
MAX_KEPT = 200_000
Decision = Literal["accepted", "rejected"]


class Proposals:
    """The proposals of one interview."""

    def __init__(self, interview: Interview) -> None:
        self._interview = interview

    def decide(
        self,
        suggestion: object,
        hunk: object,
        decision: object,
        reason: object,
        key: ClientKey | None,
        kept: object = None,
    ) -> None:
        """Accept or reject one hunk; ``kept`` is what an accepted one was changed to before.

        Raises ``Conflict`` when the text it was made for has changed.
        """
        interview = self._interview
        with interview.lock:
            if interview.known(key):
                return
            interview.require_running()
            view, content = self._open(suggestion, hunk)
            wanted, why = _verdict(decision, reason)
            text = _kept(content, kept)
            if text is not None and wanted == "rejected":
                raise BadInput("Expected changes to a hunk only where it is accepted")
            drafts = [_decided(view, content, wanted, why, text)]
            if wanted == "accepted":
                interview.require_room()
                drafts += Accepting(interview, [content]).accept(content, text)
            interview.record(*drafts, key=key)

    def decide_all(self, suggestion: object, decision: object, reason: object, key: ClientKey | None) -> list[str]:
        """Accept or reject every hunk that is open, at once; returns those that are stale and stay open."""
        interview = self._interview
        with interview.lock:
            view = self._view(suggestion)
            if interview.known(key):
                return _undecided(view)
            interview.require_running()
            self._require_newest(view)
            wanted, why = _verdict(decision, reason)
            hunks = [e.Hunk.model_validate(hunk) for hunk in view.hunks if hunk["hunk"] not in view.decisions]
            drafts: list[Draft] = []
            if wanted == "accepted":
                interview.require_room()
                accepting = Accepting(interview, hunks)
            for hunk in hunks:
                try:
                    edits = accepting.accept(hunk) if wanted == "accepted" else []
                except (BadInput, Conflict):
                    # Whoever decides about this one alone reads why.
                    continue
                drafts += [_decided(view, hunk, wanted, why), *edits]
            if drafts:
                interview.record(*drafts, key=key)
            return _undecided(view)

    def refresh(self, suggestion: object, hunk: object, key: ClientKey | None) -> None:
        """Make a hunk anew for the text as it is now, to be decided afterwards. Raises ``Conflict`` where the two do not fit."""
        interview = self._interview
        with interview.lock:
            if interview.known(key):
                return
            interview.require_running()
            view, content = self._open(suggestion, hunk)
            interview.require_room()
            fresh = self._anew(content)
            if fresh != content:
                refreshed = e.SuggestionRefreshed(suggestion=view.suggestion, hunk=fresh)
                interview.record(Draft("system", refreshed, cause=view.seq), key=key)

    def _anew(self, hunk: e.Hunk) -> e.Hunk:
        """The hunk with its changes put into the text as it is now, beside those made to its lines meanwhile."""
        place = place_of(self._interview, hunk)
        file = self._interview.state.files.get(place.path) if place else None
        if place is None or place.base is None or file is None or file.text is None:
            raise stale(hunk)
        now, base = Text(file.text), place.base
        at = find(now, hunk, base, place.span)
        if at is not None:
            start, end, after = at, at + len(lines_of(hunk.before)), hunk.after
        elif place.span is not None:
            start, end, after = self._merged(now, base, hunk)
        else:
            raise stale(hunk)
        lead, trail = around(now.lines, start, end)
        return e.Hunk(
            hunk=hunk.hunk, path=place.path, base_version=file.version, line=start + 1, before="".join(now.lines[start:end]),
            after=after, lead=lead, trail=trail,
        )  # fmt: skip

    def _merged(self, now: Text, base: Text, hunk: e.Hunk) -> tuple[int, int, str]:
        """The lines ``[start, end)`` of the text that the hunk's changes are among, and what comes in their place."""
        first = hunk.line - 1
        theirs = [*base.lines[:first], *lines_of(hunk.after), *base.lines[first + len(lines_of(hunk.before)) :]]
        result = merge(base.lines, [Line(line) for line in now.lines], [Line(line) for line in theirs], beside=True)
        if result is None:
            raise stale(hunk)
        after = [line.text for line in result]
        if after == now.lines:
            raise Conflict("%(path)s has this change already", path=hunk.path)
        start, rest = 0, 0
        least = min(len(after), len(now.lines))
        while start < least and after[start] == now.lines[start]:
            start += 1
        while rest < least - start and after[-1 - rest] == now.lines[-1 - rest]:
            rest += 1
        return start, len(now.lines) - rest, "".join(after[start : len(after) - rest])

    def _view(self, suggestion: object) -> SuggestionView:
        view = self._interview.state.suggestions.get(suggestion) if isinstance(suggestion, str) else None
        if view is None:
            raise NotFound("There is no proposal %(suggestion)s", suggestion=repr(suggestion)[:80])
        return view

    def _require_newest(self, view: SuggestionView) -> None:
        """Raise ``Conflict`` for what made way for another round of its ticket, which starts from what was merged by then, or for
        what was closed with it."""
        if superseded(self._interview.state, view.turn):
            raise Conflict(
                "Its ticket was closed, or you have asked for changes; nothing is decided about this any more"
            )

    def _open(self, suggestion: object, hunk: object) -> tuple[SuggestionView, e.Hunk]:
        """The hunk, which nobody has decided about yet."""
        view = self._view(suggestion)
        found = next((h for h in view.hunks if h["hunk"] == hunk), None)
        if found is None:
            raise NotFound(
                "There is no hunk %(hunk)s of proposal %(suggestion)s", hunk=repr(hunk)[:80], suggestion=view.suggestion
            )
        if found["hunk"] in view.decisions:
            raise Conflict("That hunk was %(decision)s already", decision=view.decisions[found["hunk"]])
        self._require_newest(view)
        return view, e.Hunk.model_validate(found)


def _verdict(decision: object, reason: object) -> tuple[Decision, str]:
    wanted = next((one for one in get_args(Decision) if one == decision), None)
    if wanted is None:
        raise BadInput("Expected accepted or rejected, got %(got)s", got=repr(decision)[:80])
    if not isinstance(reason, str) or len(reason) > MAX_REASON:
        raise BadInput("Expected a reason of at most 2,000 characters")
    return wanted, reason


def _kept(hunk: e.Hunk, kept: object) -> str | None:
    """What goes in instead of the hunk's own text, in whole lines as that is; None where it is the same."""
    if kept is None:
        return None
    if not isinstance(kept, str) or len(kept) > MAX_KEPT:
        raise BadInput("Expected a changed hunk of at most %(most)d characters", most=MAX_KEPT)
    text = kept.replace("\r\n", "\n")
    if text and not text.endswith("\n") and (hunk.after or hunk.before).endswith("\n"):
        text += "\n"
    return None if text == hunk.after else text


def _decided(view: SuggestionView, hunk: e.Hunk, decision: Decision, reason: str, kept: str | None = None) -> Draft:
    decided = e.SuggestionDecided(
        suggestion=view.suggestion, hunk=hunk.hunk, decision=decision, reason=reason, kept=kept
    )  # fmt: skip
    return Draft("candidate", decided, cause=view.seq)


def _undecided(view: SuggestionView) -> list[str]:
    return [hunk["hunk"] for hunk in view.hunks if hunk["hunk"] not in view.decisions]
