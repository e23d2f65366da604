"""What the candidate decides about the assistant's proposals.

Owns accepting and rejecting hunks. Invariant: a hunk is accepted only where the text it was made for still stands. Leaves out how
proposals come (``pairing``).
"""

from __future__ import annotations

from typing import Literal

from interviews import events as e
from interviews.errors import BadInput, Conflict, NotFound
from interviews.log import ClientKey, Draft
from interviews.service.editing import new_file
from interviews.service.interview import Interview
from interviews.state import SuggestionView
from interviews.text import from_utf16, length, line_offset, map_position, replace, utf16


class Proposals:
    """The proposals of one interview."""

    def __init__(self, interview: Interview) -> None:
        self._interview = interview

    def decide(self, suggestion: object, hunk: object, decision: object, reason: object, key: ClientKey | None) -> None:
        """Accept or reject one hunk. Raises ``Conflict`` when the text it was made for has changed."""
        interview = self._interview
        with interview.lock:
            if interview.known(key):
                return
            interview.require_running()
            view = interview.state.suggestions.get(str(suggestion))
            found = next((h for h in view.hunks if h["hunk"] == hunk), None) if view else None
            if view is None or found is None:
                raise NotFound("There is no hunk %(hunk)s of proposal %(suggestion)s", hunk=hunk, suggestion=suggestion)
            if decision not in ("accepted", "rejected"):
                raise BadInput("Expected accepted or rejected, got %(got)s", got=decision)
            if not isinstance(reason, str) or len(reason) > 2000:
                raise BadInput("Expected a reason of at most 2,000 characters")
            if str(hunk) in view.decisions:
                raise Conflict("That hunk was %(decision)s already", decision=view.decisions[str(hunk)])
            self._decide(view, e.Hunk.model_validate(found), decision, reason, key)

    def _decide(
        self,
        view: SuggestionView,
        hunk: e.Hunk,
        decision: Literal["accepted", "rejected"],
        reason: str,
        key: ClientKey | None,
    ) -> None:
        decided = e.SuggestionDecided(suggestion=view.suggestion, hunk=hunk.hunk, decision=decision, reason=reason)
        drafts = [Draft("candidate", decided, cause=view.seq)]
        if decision == "accepted":
            drafts.append(Draft("candidate", self._change(hunk), follows=True))
        self._interview.record(*drafts, key=key)

    def _change(self, hunk: e.Hunk) -> e.FileEdited | e.FileSnapshotted:
        """The edit that accepting makes, placed in the text as it is now."""
        stale = Conflict(
            "%(path)s has changed there since this was proposed; ask again for the text as it is now", path=hunk.path
        )
        file = self._interview.state.files.get(hunk.path)
        if file is None:
            # Of a file that was there, lines alone would be left; one that was not has no version.
            if hunk.before or hunk.base_version:
                raise stale
            return new_file(self._interview, hunk.path, hunk.after, "hunk")
        base = self._interview.history.text_at(hunk.path, hunk.base_version)
        since = self._interview.history.since(hunk.path, hunk.base_version)
        if file.text is None or base is None or since is None:
            raise stale
        start = line_offset(base, hunk.line)
        end = start + length(hunk.before)
        for changes in since:
            start, end = map_position(changes, start, 1), map_position(changes, end, -1)
        changes = replace(file.text, start, max(start, end), hunk.after)
        if _slice(file.text, start, max(start, end)) != hunk.before:
            raise stale
        return e.FileEdited(
            path=hunk.path, version=file.version + 1, changes=changes, origin="hunk", client="assistant"
        )


def _slice(text: str, start: int, end: int) -> str:
    return from_utf16(utf16(text)[start * 2 : end * 2])
