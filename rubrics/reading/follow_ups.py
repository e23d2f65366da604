"""Follow-ups, what they state, and the runs that decide them.

Owns which prompts are follow-ups, what in them is progress by itself, and which run decides what. Invariant: an outcome of a
run decides one thing at most: whether a failure that a follow-up named is resolved, else whether a follow-up sent while tests
failed brought the failures down, else whether the candidate's own work went round in a circle. Leaves out counting
(``signals``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rubrics.reading.facts import Facts
from rubrics.reading.naming import names_failure
from rubrics.reading.own_words import own_words
from rubrics.reading.told import Offered, Prompt, Run
from rubrics.reading.wording import expressed, is_courtesy, name_of_test, states

# Several signals read the same log one after another: the two latest are kept, by identity.
_KEPT = 2


@lru_cache(maxsize=_KEPT)
def asked(facts: Facts) -> tuple[Prompt, ...]:
    """Prompts that ask for something: none that the platform failed to answer, no mere courtesies."""
    return tuple(prompt for prompt in facts.prompts if prompt.counts and not _thanks(prompt))


def _thanks(prompt: Prompt) -> bool:
    """Whether it is a courtesy, with nothing picked out for the assistant to look at."""
    return is_courtesy(prompt.shown) and not any(one.kind == "selection" for one in prompt.mentions)


@lru_cache(maxsize=_KEPT)
def distinct(facts: Facts) -> tuple[Prompt, ...]:
    """The same without those that were sent before word by word, with the same attached."""
    found: dict[tuple[object, ...], Prompt] = {}
    for prompt in asked(facts):
        attached = (prompt.attachments, tuple((one.kind, one.name, one.text) for one in prompt.mentions))
        found.setdefault((" ".join(prompt.text.split()), *attached), prompt)
    return tuple(found.values())


@lru_cache(maxsize=_KEPT)
def follow_ups(facts: Facts) -> tuple[Prompt, ...]:
    """Prompts that come back to something, and each further round asked of a ticket.

    Neither the first prompt is one nor another that sets a new piece of work going, nor the opening of a ticket.
    """
    first = next((prompt for prompt in asked(facts) if prompt.kind == "prompt"), None)
    openings = _openings(facts)
    return tuple(
        prompt
        for prompt in asked(facts)
        if prompt is not first and prompt.kind != "ticket" and prompt.turn not in openings
    )


def _openings(facts: Facts) -> frozenset[str]:
    """Turns that set a new piece of work going: several changes, none of which touches what a proposal before touched."""
    atoms: set[str] = set()
    paths: set[str] = set()
    turns: dict[str, list[Offered]] = {}
    for hunk in facts.hunks:
        turns.setdefault(hunk.turn, []).append(hunk)
    found = set()
    for turn, hunks in turns.items():
        touched = {atom for hunk in hunks if hunk.note for atom in hunk.note.touches}
        others = {hunk.content.path for hunk in hunks if hunk.content and not (hunk.note and hunk.note.touches)}
        again = touched & atoms if touched else others & paths
        if len(hunks) > 1 and not again:
            found.add(turn)
        atoms |= touched
        paths |= {hunk.content.path for hunk in hunks if hunk.content}
    return frozenset(found)


@lru_cache(maxsize=_KEPT)
def stated(facts: Facts) -> Mapping[int, frozenset[str]]:
    """The ids of the requirements that each prompt states, in words of one's own or by what is attached, by its seq."""
    atoms = facts.key.requirements if facts.key else ()
    return {
        prompt.seq: frozenset(atom.id for atom in atoms if states(atom, prompt, own_words(facts)[prompt.seq]))
        for prompt in facts.prompts
    }


@lru_cache(maxsize=_KEPT)
def first_stated(facts: Facts) -> Mapping[int, frozenset[str]]:
    """Of each prompt that counts those of them that no such prompt before it stated.

    What the platform failed to answer was not heard: to send it again says something new.
    """
    known: frozenset[str] = frozenset()
    found = {}
    for prompt in sorted(facts.prompts, key=lambda prompt: prompt.seq):
        if prompt.counts:
            atoms = stated(facts)[prompt.seq]
            found[prompt.seq] = atoms - known
            known |= atoms
    return found


def adds(facts: Facts, prompt: Prompt) -> tuple[int, ...]:
    """The evidence that it states an atom the conversation did not hold yet, or nothing."""
    if facts.key is None or facts.key.brief_shared:
        return ()
    return (prompt.seq,) if first_stated(facts)[prompt.seq] else ()


def missed(facts: Facts, prompt: Prompt) -> Mapping[str, int]:
    """The atoms whose latest proposal before the prompt did not honour them, each with that proposal's seq."""
    latest: dict[str, tuple[int, bool]] = {}
    for hunk in facts.hunks:
        if hunk.note is None or hunk.seq is None or hunk.seq >= prompt.seq:
            continue
        for atom in hunk.note.touches:
            latest[atom] = max(latest.get(atom, (0, False)), (hunk.seq, atom in hunk.note.honours))
    return {atom: seq for atom, (seq, honoured) in latest.items() if not honoured}


def corrects(facts: Facts, prompt: Prompt) -> tuple[int, ...]:
    """The evidence that it restates an atom which the latest proposal for it missed, or nothing."""
    open_ = missed(facts, prompt)
    for atom in facts.key.requirements if facts.key else ():
        if atom.id in open_ and expressed(atom, own_words(facts)[prompt.seq]):
            return (prompt.seq, open_[atom.id])
    return ()


def named(prompt: Prompt) -> list[str]:
    """The tests failing at that moment that it names."""
    return [test for test, message in prompt.scene.failing.items() if names_failure(prompt.shown, test, message)]


def resolving(facts: Facts, prompt: Prompt) -> tuple[Run, ...]:
    """The finished runs of open work that show whether a failure which the prompt names is resolved.

    Where there are none before the next prompt it is the first after it, but not where a follow-up between is about something
    definite: what the run shows came of that one.
    """
    _, soon = _showing(facts, prompt)
    later = [run for run in worked(facts) if run.seq > prompt.seq]
    if soon or not later:
        return soon
    between = (one for one in follow_ups(facts) if prompt.seq < one.seq < later[0].seq)
    return () if any(named(one) or adds(facts, one) or corrects(facts, one) for one in between) else (later[0],)


def _showing(facts: Facts, prompt: Prompt) -> tuple[bool, tuple[Run, ...]]:
    """Whether changes of its answer were taken over, and the runs before the next prompt that show what came of it.

    That is the first one behind these changes, what the candidate mends after it being their own work. A change that no run came
    after shows in none; where no run came after any, all of them may tell what came of the words. No outcome says which it is.
    """
    until = _next(facts, prompt)
    runs = tuple(run for run in worked(facts) if run.seq > prompt.seq and (until is None or run.seq < until))
    accepted = [hunk.accepted.seq for hunk in facts.hunks if hunk.accepted and hunk.turn == prompt.turn]
    taken = [seq for seq in accepted if runs and seq < runs[-1].seq]
    return bool(taken), tuple(run for run in runs if run.seq > max(taken))[:1] if taken else runs


@lru_cache(maxsize=_KEPT)
def worked(facts: Facts) -> tuple[Run, ...]:
    """The finished runs that tell something and began in open work: those of the review are about the review."""
    end = facts.submitted if facts.closed is None else facts.closed
    runs = (run for run in facts.runs if run.finished is not None and run.outcomes)
    return tuple(run for run in runs if end is None or run.seq < end)


def unread(run: Run) -> frozenset[str]:
    """What of a run is no test but a module that could not be read, so that none of its tests ran."""
    return frozenset(test for test, outcome in run.outcomes.items() if outcome == "error" and "::" not in test)


def passes(run: Run, test: str) -> bool:
    """Whether it passed in it; of a module that could not be read, whether it can be and a test of it passed."""
    if test in run.outcomes or "::" in test:
        return run.outcomes.get(test) == "passed"
    within = f"{test.rpartition('.')[2]}.py::"
    return any(outcome == "passed" and name_of_test(one).startswith(within) for one, outcome in run.outcomes.items())


def failing(run: Run) -> frozenset[str]:
    """The tests that failed in it."""
    return frozenset(test for test, outcome in run.outcomes.items() if outcome in ("failed", "error"))


@dataclass(frozen=True)
class Round:
    """A follow-up sent while tests failed, the latest finished run before it, and the one that shows what came of it."""

    prompt: Prompt
    before: Run
    run: Run


@lru_cache(maxsize=_KEPT)
def rounds(facts: Facts) -> tuple[Round, ...]:
    """Of those that add or correct something.

    What only names a failure is decided as a resolved one, and what says nothing definite has been counted as that.
    """
    found = []
    for prompt in follow_ups(facts):
        earlier = [run for run in worked(facts) if run.finished is not None and run.finished < prompt.seq]
        taken, runs = _showing(facts, prompt)
        if taken and earlier and failing(earlier[-1]) and (adds(facts, prompt) or corrects(facts, prompt)):
            found.append(Round(prompt, earlier[-1], runs[0]))
    return tuple(found)


@lru_cache(maxsize=_KEPT)
def spoken_for(facts: Facts) -> frozenset[str]:
    """The runs that may decide a follow-up. Which these are, no run's outcome says."""
    runs = [one.run for one in rounds(facts)]
    runs += [run for prompt in follow_ups(facts) if _names_only(facts, prompt) for run in resolving(facts, prompt)]
    return frozenset(run.run for run in runs)


def _names_only(facts: Facts, prompt: Prompt) -> bool:
    return bool(named(prompt)) and not adds(facts, prompt) and not corrects(facts, prompt)


def _next(facts: Facts, prompt: Prompt) -> int | None:
    return next((other.seq for other in asked(facts) if other.seq > prompt.seq), None)
