"""The edits that accepted hunks make.

Owns placing the hunks of one act one after the other, each in the text that those before it leave. Invariant: a hunk goes in whole
or not at all, and nothing but the lines it replaces changes. Leaves out who decides (``proposals``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interviews import events as e
from interviews.anchors import Span, Text, find, follow, lines_of
from interviews.errors import BadInput, Conflict
from interviews.log import Draft
from interviews.service.editing import MAX_FILE_UNITS, new_file
from interviews.service.interview import Interview
from interviews.text import Changes, apply_changes, diff, dump, parse, replace

ASSISTANT = "assistant"
# The editor of the page that changed the hunk has not got these changes yet: they are no echo of its own.
KEPT = "kept"


@dataclass
class Place:
    """Where a hunk belongs: its file as it is called now, the text it was made for, and what it replaces there by now."""

    path: str
    base: Text | None
    span: Span | None


@dataclass
class _File:
    now: Text
    version: int


def stale(hunk: e.Hunk) -> Conflict:
    """That the hunk fits no longer."""
    return Conflict(
        "%(path)s has changed there since this was proposed; ask again for the text as it is now", path=hunk.path
    )


def place_of(interview: Interview, hunk: e.Hunk) -> Place | None:
    """Where one hunk belongs; None where its file is gone."""
    return _places(interview, [hunk])[hunk.hunk]


def _places(interview: Interview, hunks: Sequence[e.Hunk]) -> dict[str, Place | None]:
    """By hunk. Those made for the same text are followed through the edits since together: there may be thousands."""
    groups: dict[tuple[str, int], list[e.Hunk]] = {}
    for hunk in hunks:
        groups.setdefault((hunk.path, hunk.base_version), []).append(hunk)
    places: dict[str, Place | None] = {}
    for (path, version), group in groups.items():
        file = interview.history.followed(path, version)
        base = Text(file.base) if file is not None and file.base is not None else None
        spans = {hunk.hunk: base.span(hunk) if base else None for hunk in group}
        known = {name: span for name, span in spans.items() if span is not None}
        followed = follow(list(known.values()), file.since) if file is not None and file.since is not None else []
        now = dict(zip(known, followed, strict=False))
        for hunk in group:
            places[hunk.hunk] = Place(file.path, base, now.get(hunk.hunk)) if file is not None else None
    return places


class Accepting:
    """Hunks that are about to be accepted in one act."""

    def __init__(self, interview: Interview, hunks: Sequence[e.Hunk]) -> None:
        self._interview = interview
        self._places = _places(interview, hunks)
        self._files: dict[str, _File] = {}

    def accept(self, hunk: e.Hunk, kept: str | None = None) -> list[Draft]:
        """The events of putting it in, and of making ``kept`` of it.

        Raises ``Conflict`` where it is stale, ``BadInput`` where there is no room for it.
        """
        place = self._places[hunk.hunk]
        if place is None:
            # Of a file that was there, lines alone would be left; one that was not has no version.
            if hunk.before or hunk.base_version or hunk.path in self._files:
                raise stale(hunk)
            return self._new(hunk, kept)
        file = self._file(place.path)
        at = None if file is None else find(file.now, hunk, place.base, place.span)
        if file is None or at is None:
            raise stale(hunk)
        starts = file.now.starts
        start, end = starts[at], starts[at + len(lines_of(hunk.before))]
        return self._edit(place.path, file, start, end, hunk, kept)

    def _file(self, path: str) -> _File | None:
        if path not in self._files:
            view = self._interview.state.files.get(path)
            if view is None or view.text is None:
                return None
            self._files[path] = _File(Text(view.text), view.version)
        return self._files[path]

    def _new(self, hunk: e.Hunk, kept: str | None) -> list[Draft]:
        whole = new_file(self._interview, hunk.path, hunk.after, "hunk")
        drafts = [Draft("candidate", whole, follows=True)]
        file = self._files[hunk.path] = _File(Text(hunk.after), whole.version)
        if kept is not None:
            drafts.append(self._change(hunk.path, file, diff(hunk.after, kept), "typed", KEPT))
        return drafts

    def _edit(self, path: str, file: _File, start: int, end: int, hunk: e.Hunk, kept: str | None) -> list[Draft]:
        changes = replace(file.now.text, start, end, hunk.after)
        drafts = [self._change(path, file, changes, "hunk", ASSISTANT)]
        if kept is not None:
            # The candidate's changes by themselves, so that it stays known who wrote what.
            inner = diff(hunk.after, kept)
            rest = file.now.starts[-1] - start - sum(section.length for section in parse(inner))
            drafts.append(self._change(path, file, dump(parse([start, *inner, rest])), "typed", KEPT))
        return drafts

    def _change(self, path: str, file: _File, changes: Changes, origin: e.Origin, client: str) -> Draft:
        now = Text(apply_changes(file.now.text, changes))
        if now.starts[-1] > MAX_FILE_UNITS:
            raise BadInput("Expected files of at most %(most)d characters", most=MAX_FILE_UNITS)
        file.now, file.version = now, file.version + 1
        for place in self._places.values():
            if place is not None and place.path == path and place.span is not None:
                (place.span,) = follow([place.span], [changes])
        edited = e.FileEdited(path=path, version=file.version, changes=changes, origin=origin, client=client)
        return Draft("candidate", edited, follows=True)
