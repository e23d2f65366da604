"""Follow-ups, what they state, and the runs that belong to them.

Owns which prompts are follow-ups, what in them is progress by itself, and whose a run is. Invariant: a run belongs to one thing at
most: to whether a failure that a follow-up named is resolved, else to whether a follow-up sent while tests failed brought the
failures down, else to whether the candidate's own work went round in a circle. To a follow-up belong the run that it met, without
which nobody could say what failed, and those that decide it. Whose a run is hangs on what was asked, taken over and run, and never
on what a run showed. Leaves out counting (``signals``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rubrics.reading.facts import Facts
from rubrics.reading.naming import may_name_failure, names_failure
from rubrics.reading.own_words import own_words, uncopied
from rubrics.reading.told import Offered, Prompt, Run
from rubrics.reading.wording import expressed, is_courtesy, name_of_test, states

# Several signals read the same log one after another: the two latest are kept, by identity.
_KEPT = 2
# What was withheld of these may have been a run, or may say whose another is.
TOLD_BY = (
    "run.started", "run.finished", "prompt.sent", "ticket.opened", "ticket.revised", "reply.finished", "reply.failed",
    "suggestion.offered", "suggestion.annotated", "suggestion.decided", "key.recorded",
)  # fmt: skip


def unheard(facts: Facts) -> bool:
    """Whether words that went with a prompt were withheld: comments that a ticket was to answer, the text of an attached file."""
    if any(prompt.kind == "revision" for prompt in facts.prompts) and facts.lost("comment.added"):
        return True
    attached = any(prompt.attachments for prompt in facts.prompts)
    return attached and facts.lost("file.snapshotted", "file.edited", "file.deleted")


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
    atoms, fresh = facts.key.requirements if facts.key else (), uncopied(facts)
    return {
        prompt.seq: frozenset(atom.id for atom in atoms if states(atom, prompt, own_words(facts)[prompt.seq], fresh))
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


@lru_cache(maxsize=_KEPT)
def _stating(facts: Facts) -> frozenset[int]:
    """The seqs of follow-ups that add or correct something: whatever runs show, they move the work."""
    return frozenset(one.seq for one in follow_ups(facts) if adds(facts, one) or corrects(facts, one))


@lru_cache(maxsize=_KEPT)
def naming(facts: Facts) -> frozenset[int]:
    """The seqs of all others that may name a failure. Whether what they name had failed is a run's outcome, and not asked here."""
    others = (one for one in follow_ups(facts) if one.seq not in _stating(facts))
    return frozenset(one.seq for one in others if may_name_failure(one.shown, one.scene.tests))


def resolving(facts: Facts, prompt: Prompt) -> tuple[Run, ...]:
    """The finished runs of open work that show whether a failure which the prompt names is resolved.

    Where there are none before the next prompt it is the first after it, but not where a follow-up between is about something
    definite: what the run shows came of that one.
    """
    _, soon = _showing(facts, prompt)
    later = [run for run in worked(facts) if run.seq > prompt.seq]
    if soon or not later:
        return soon
    between = any(prompt.seq < seq < later[0].seq for seq in _stating(facts) | naming(facts))
    return () if between else (later[0],)


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

    What only names a failure is decided as a resolved one, and what says nothing definite has been counted as that. Where one of
    the two runs is a resolved failure's, it tells of that alone.
    """
    return tuple(one for one in _rounds(facts) if failing(one.before))


@lru_cache(maxsize=_KEPT)
def _rounds(facts: Facts) -> tuple[Round, ...]:
    """The same, whether or not anything failed when they were sent."""
    found, elsewhere = [], _resolvers(facts)
    for prompt in follow_ups(facts):
        if prompt.seq not in _stating(facts):
            continue
        met = _met(facts, prompt)
        taken, runs = _showing(facts, prompt)
        if taken and met is not None and elsewhere.isdisjoint((met.run, runs[0].run)):
            found.append(Round(prompt, met, runs[0]))
    return tuple(found)


@lru_cache(maxsize=_KEPT)
def _resolvers(facts: Facts) -> frozenset[str]:
    """The runs that say whether a named failure was one, and whether it was resolved."""
    found: set[str] = set()
    for prompt in follow_ups(facts):
        runs = resolving(facts, prompt) if prompt.seq in naming(facts) else ()
        if runs:
            met = _met(facts, prompt)
            found |= {run.run for run in (*runs, *([met] if met else []))}
    return frozenset(found)


@lru_cache(maxsize=_KEPT)
def spoken_for(facts: Facts) -> frozenset[str]:
    """The runs that belong to a follow-up. Which these are, no run's outcome says."""
    return _resolvers(facts) | {run.run for one in _rounds(facts) for run in (one.before, one.run)}


def _met(facts: Facts, prompt: Prompt) -> Run | None:
    """The latest run that was there when it was sent."""
    earlier = [(run.finished, run) for run in worked(facts) if run.finished is not None and run.finished < prompt.seq]
    return max(earlier, key=lambda one: one[0])[1] if earlier else None


def _next(facts: Facts, prompt: Prompt) -> int | None:
    return next((other.seq for other in asked(facts) if other.seq > prompt.seq), None)
