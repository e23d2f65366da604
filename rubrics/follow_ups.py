"""Follow-ups and the runs that decide them.

Owns which prompts are follow-ups, what in them is progress by itself, and which run decides what. Invariant: an outcome of a
run decides one thing at most: whether a failure that a follow-up named is resolved, else whether a follow-up sent while tests
failed brought the failures down, else whether the candidate's own work went round in a circle. Leaves out counting
(``signals``).
"""

from __future__ import annotations

from dataclasses import dataclass

from rubrics.facts import Facts
from rubrics.naming import names_failure
from rubrics.told import Prompt, Run
from rubrics.wording import expressed, is_courtesy, said_in


def asked(facts: Facts) -> list[Prompt]:
    """Prompts that ask for something: none that the platform failed to answer, no mere courtesies."""
    return [prompt for prompt in facts.prompts if prompt.counts and not is_courtesy(prompt.text)]


def follow_ups(facts: Facts) -> list[Prompt]:
    """All but the first prompt, and each further round asked of a ticket; opening a ticket begins a conversation of its own."""
    prompts = asked(facts)
    first = next((prompt for prompt in prompts if prompt.kind == "prompt"), None)
    return [prompt for prompt in prompts if prompt is not first and prompt.kind != "ticket"]


def adds(facts: Facts, prompt: Prompt) -> tuple[int, ...]:
    """The evidence that it states an atom the conversation did not hold yet, or nothing."""
    if facts.key is None or facts.key.brief_shared:
        return ()
    said = said_in(prompt)
    before = "\n".join(said_in(other) for other in facts.prompts if other.seq < prompt.seq)
    new = any(expressed(atom, said) and not expressed(atom, before) for atom in facts.key.requirements)
    return (prompt.seq,) if new else ()


def corrects(facts: Facts, prompt: Prompt) -> tuple[int, ...]:
    """The evidence that it restates an atom which the latest proposal for it missed, or nothing."""
    for atom in facts.key.requirements if facts.key else ():
        shown = [
            (hunk.seq, atom.id in hunk.note.honours)
            for hunk in facts.hunks
            if hunk.note and hunk.seq is not None and hunk.seq < prompt.seq and atom.id in hunk.note.touches
        ]
        if shown and not max(shown)[1] and expressed(atom, prompt.text):
            return (prompt.seq, max(shown)[0])
    return ()


def named(prompt: Prompt) -> list[str]:
    """The tests failing at that moment that it names."""
    return [test for test, message in prompt.scene.failing.items() if names_failure(prompt.shown, test, message)]


def resolving(facts: Facts, prompt: Prompt) -> list[Run]:
    """The finished runs before the next prompt; where there are none, the first run after it."""
    runs = [run for run in facts.runs if run.finished is not None and run.seq > prompt.seq]
    until = next((other.seq for other in asked(facts) if other.seq > prompt.seq), None)
    return [run for run in runs if until is None or run.seq < until] or runs[:1]


@dataclass(frozen=True)
class Round:
    """A follow-up sent while tests failed, the latest finished run before it, and the finished runs up to the next prompt."""

    prompt: Prompt
    before: Run
    runs: tuple[Run, ...]


def failing(run: Run) -> frozenset[str]:
    """The tests that failed in it."""
    return frozenset(test for test, outcome in run.outcomes.items() if outcome in ("failed", "error"))


def rounds(facts: Facts) -> list[Round]:
    """Those that runs decide; what only names a failure is decided as a resolved one, and is none here."""
    prompts, found = asked(facts), []
    finished = [run for run in facts.runs if run.finished is not None]
    for prompt in follow_ups(facts):
        earlier = [run for run in finished if run.finished is not None and run.finished < prompt.seq]
        until = next((other.seq for other in prompts if other.seq > prompt.seq), None)
        later = tuple(run for run in finished if run.seq > prompt.seq and (until is None or run.seq < until))
        if not earlier or not failing(earlier[-1]) or not later or _names_only(facts, prompt):
            continue
        found.append(Round(prompt, earlier[-1], later))
    return found


def _names_only(facts: Facts, prompt: Prompt) -> bool:
    return bool(named(prompt)) and not adds(facts, prompt) and not corrects(facts, prompt)


def spoken_for(facts: Facts) -> frozenset[str]:
    """The runs that decide a follow-up."""
    runs = [run for one in rounds(facts) for run in one.runs]
    runs += [run for prompt in follow_ups(facts) if _names_only(facts, prompt) for run in resolving(facts, prompt)]
    return frozenset(run.run for run in runs)
