"""Human judgement: blind ratings, explanations heard, looking at the proposal, overriding and signing it.

Owns what may be recorded of it and when. Invariant: a rating is blind only where neither its rater nor another name of the same
person has seen the proposed score or rated before, and a name in other letters is one of them; nothing is replaced, what comes
later stands beside; nobody overrides or signs what they have not seen. Leaves out which levels there are and what is made of them
(``rubrics.people.ratings``) and who asks (``web``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from interviews import events as e
from interviews.errors import BadInput, Conflict, NotAllowed
from interviews.log import ClientKey, Draft
from interviews.raters import person
from interviews.service.interview import Interview

# Who came by a link that names nobody.
ANYBODY = "interviewer"
# Whoever else is an actor in a log; acts of whoever runs the server bear the second.
RESERVED = (ANYBODY, "operator", "candidate", "assistant", "terminal", "system")
MAX_NAME = 40
MAX_WORDS = 2000
MAX_EVIDENCE = 40
# Judgements are taken also where the record is full: this is their own bound, for each rater.
MAX_JUDGEMENTS = 200
_BOUNDED = frozenset({"rating.recorded", "score.overridden", "score.signed"})
JUDGED = ("submitted", "finished")


@dataclass(frozen=True)
class Explained:
    """How well a question on the submitted code was answered, 1-5; ``about_seq`` is the event that the code is from."""

    question: str
    about_seq: int
    level: e.Level
    note: str = ""


@dataclass(frozen=True)
class Under:
    """The rubric that is judged by: its id, version and hash, and the ids of its dimensions."""

    id: str
    version: int
    sha256: str
    dimensions: tuple[str, ...]


def read_name(text: str) -> str:
    """A rater's name, 1 to 40 printable characters, a letter or digit among them. Raises ``BadInput``."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 0 < len(name) <= MAX_NAME or not name.isprintable() or not any(sign.isalnum() for sign in name):
        raise BadInput("Expected a rater's name of 1 to %(most)d characters, got %(got)s", most=MAX_NAME, got=text[:80])
    if person(name) in RESERVED:
        raise BadInput("Expected another name than %(got)s, which stands for whoever has none", got=name)
    return name


def has_rated(records: Iterable[e.Record], raters: Collection[str]) -> bool:
    """Whether one of these names has rated."""
    people = _people(raters)
    return any(_by(record, people) for record in records if record.type == "rating.recorded")


def has_seen(records: Iterable[e.Record], raters: Collection[str]) -> bool:
    """Whether one of these names may have seen the proposed score: they have rated, or chose to look without."""
    people = _people(raters)
    return any(_by(record, people) for record in records if record.type in ("rating.recorded", "score.revealed"))


def _people(raters: Collection[str]) -> frozenset[str]:
    # The same person may have opened a link with their name in other letters, in another browser.
    return frozenset(map(person, raters))


def _by(record: e.Record, people: Collection[str]) -> bool:
    # The actor says it too: an erased rating was a rating.
    return person(record.actor.removeprefix("interviewer:")) in people


def rate(
    interview: Interview,
    raters: Sequence[str],
    under: Under,
    ratings: Sequence[e.Rating],
    explained: Sequence[Explained] = (),
    key: ClientKey | None = None,
) -> list[e.Record]:
    """Record a rater's levels, one a dimension, and how the candidate explained their code; they see the proposal from then on.

    ``raters`` are the names of one person, the one that rates last. Raises ``BadInput`` for what does not fit rubric or log, and
    ``NotAllowed`` before the submission.
    """
    with interview.lock:
        if known := interview.known(key):
            return known
        _require_submitted(interview)
        _require_room(interview, raters[-1])
        got = [one.dimension for one in ratings]
        if sorted(got) != sorted(under.dimensions):
            wanted = ", ".join(under.dimensions)
            raise BadInput("Expected one level for each of %(wanted)s, got %(got)s", wanted=wanted, got=", ".join(got))
        for one in ratings:
            _require_words(one.reason)
            _require_moments(interview, one.evidence)
        for answer in explained:
            _require_words(answer.note)
            _require_moments(interview, [answer.about_seq])
        rater, records = raters[-1], interview.log.read(interview.id)
        actor = f"interviewer:{rater}"
        rating = e.RatingRecorded(
            rater=rater, blind=not has_seen(records, raters), rubric=under.id, rubric_version=under.version,
            rubric_sha256=under.sha256, ratings=tuple(ratings),
        )  # fmt: skip
        drafts = [Draft(actor, rating)]
        drafts += [
            Draft(
                actor,
                e.ExplanationRated(
                    rater=rater, question=one.question, about_seq=one.about_seq, level=one.level, note=one.note
                ),
            )
            for one in explained
        ]
        if not has_seen(records, [rater]):
            drafts.append(Draft(actor, e.ScoreRevealed(rater=rater, rated=True)))
        return interview.record(*drafts, key=key)


def reveal(interview: Interview, raters: Sequence[str]) -> None:
    """Show the proposal to someone who has not rated; what they rate later is not blind. Again, it does nothing."""
    with interview.lock:
        _require_submitted(interview)
        if not has_seen(interview.log.read(interview.id), raters[-1:]):
            seen = e.ScoreRevealed(rater=raters[-1], rated=False)
            interview.record(Draft(f"interviewer:{raters[-1]}", seen))


def override(
    interview: Interview,
    rater: str,
    under: Under,
    dimension: str,
    level: e.Level | None,
    reason: str,
    key: ClientKey | None = None,
) -> list[e.Record]:
    """Put another level, or none that can be told, beside the proposed one, which stays. Raises ``BadInput``, ``NotAllowed``."""
    with interview.lock:
        if known := interview.known(key):
            return known
        _require_seen(interview, rater)
        if dimension not in under.dimensions:
            wanted = ", ".join(under.dimensions)
            raise BadInput("Expected one of the dimensions %(wanted)s, got %(got)s", wanted=wanted, got=dimension)
        if not reason.strip():
            raise BadInput("Expected a reason: whoever reads the override has to see what the rubric did not")
        _require_words(reason)
        overridden = e.ScoreOverridden(
            rater=rater, dimension=dimension, level=level, reason=reason.strip(), rubric_sha256=under.sha256
        )
        return interview.record(Draft(f"interviewer:{rater}", overridden), key=key)


def sign(interview: Interview, rater: str, under: Under, seen_seq: int, key: ClientKey | None = None) -> list[e.Record]:
    """Sign the score as it followed from the log up to event ``seen_seq``.

    Raises ``NotAllowed`` where the rater has not seen it or it is not final, ``Conflict`` where it may be another since,
    ``BadInput`` for an event that there is not.
    """
    with interview.lock:
        if known := interview.known(key):
            return known
        _require_seen(interview, rater)
        if not interview.counts["score.recorded"]:
            raise NotAllowed("The work is still being looked at; it can be signed once its score is recorded")
        records = interview.log.read(interview.id)
        if not 0 < seen_seq <= len(records):
            raise BadInput("Expected an event from 1 to %(last)d, got %(got)d", last=len(records), got=seen_seq)
        if any(record.type in e.MOVES_THE_SCORE for record in records[seen_seq:]):
            raise Conflict("The record has changed since this page was shown. Please look at the score again")
        signed = e.ScoreSigned(rater=rater, rubric_sha256=under.sha256, head_hash=records[-1].hash)
        return interview.record(Draft(f"interviewer:{rater}", signed), key=key)


def _require_submitted(interview: Interview) -> None:
    if interview.state.status not in JUDGED:
        raise NotAllowed("There is something to rate once the interview has been submitted")


def _require_room(interview: Interview, rater: str) -> None:
    people = _people([rater])
    said = [r for r in interview.log.read(interview.id) if r.type in _BOUNDED and _by(r, people)]
    if len(said) >= MAX_JUDGEMENTS:
        raise NotAllowed("Expected fewer than %(most)d judgements of one interview by one rater", most=MAX_JUDGEMENTS)


def _require_seen(interview: Interview, rater: str) -> None:
    _require_submitted(interview)
    _require_room(interview, rater)
    if not has_seen(interview.log.read(interview.id), [rater]):
        raise NotAllowed("Rate the interview first, or choose to see the score without; then it can be judged")


def _require_words(text: str) -> None:
    if len(text) > MAX_WORDS:
        raise BadInput("Expected %(most)d characters at most, got %(got)d", most=MAX_WORDS, got=len(text))


def _require_moments(interview: Interview, seqs: Collection[int]) -> None:
    last = interview.state.seq
    if wrong := [seq for seq in seqs if not 1 <= seq <= last]:
        raise BadInput("Expected numbers of events from 1 to %(last)d, got %(got)d", last=last, got=wrong[0])
    if len(seqs) > MAX_EVIDENCE:
        raise BadInput("Expected %(most)d moments at most, got %(got)d", most=MAX_EVIDENCE, got=len(seqs))
