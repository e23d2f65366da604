"""What went well in an interview, as a candidate reads it at the end.

Owns the choice of facts and their words. Invariant: every sentence is a fact of the log, with its count where there is one, and
none is said where there is nothing to say: no praise, no score, no comparison with others. Leaves out planted mistakes one by one
(``assistant.defects``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from interviews import events as e
from interviews.state import State

FOUND = ("rejected", "repaired", "removed", "named", "doubted", "not tried")
# "taken" is not known to be either.
NO_VERDICT = ("not shown", "not judged", "taken")
TRUSTED = ("merge", "probably right")


def facts(state: State, events: Iterable[e.Event]) -> list[str]:
    """What went well, in the reader's language; empty where the log has nothing of the kind."""
    known = list(events)
    return [
        *_mistakes(state.debrief or []),
        *_sound(state, known),
        *_tests(state),
        *_hidden(known),
        *_handed_over(state),
    ]


def _mistakes(items: list[dict[str, Any]]) -> list[str]:
    met = [item for item in items if item["outcome"] not in NO_VERDICT]
    found = sum(item["outcome"] in FOUND for item in met)
    if not found:
        return []
    words = _("Of %(met)d planted mistakes that you gave a verdict on, you kept %(found)d out, mended or doubted them.")
    return [words % {"met": len(met), "found": found}]


def _sound(state: State, events: list[e.Event]) -> list[str]:
    """Pieces of the review without a fault that were let in."""
    view = state.review
    notes = next((event.data.hunks for event in events if isinstance(event.data, e.ReviewAnnotated)), ())
    if view is None:
        return []
    sound = [note.hunk for note in notes if note.defect is None and note.hunk in view.verdicts]
    let_in = sum(view.verdicts[hunk]["verdict"] in TRUSTED for hunk in sound)
    if not let_in:
        return []
    words = _("Of %(sound)d sound pieces of the review that you gave a verdict on, you let %(let_in)d in.")
    return [words % {"sound": len(sound), "let_in": let_in}]


def _tests(state: State) -> list[str]:
    # The review's own tests were green from the start.
    end = state.review.seq if state.review is not None else state.seq
    runs = [run for run in state.runs if run.finished_seq is not None and run.tests and run.seq < end]
    if not runs:
        return []
    last = [test["outcome"] for test in runs[-1].tests]
    found = []
    if all(outcome in ("passed", "skipped") for outcome in last) and "passed" in last:
        found.append(_("In your last test run all tests passed."))
    failed = {test["id"] for run in runs[:-1] for test in run.tests if test["outcome"] in ("failed", "error")}
    mended = sum(test["outcome"] == "passed" and test["id"] in failed for test in runs[-1].tests)
    if mended:
        found.append(
            ngettext(
                "A test that had failed before passed in your last run.",
                "%(num)d tests that had failed before passed in your last run.",
                mended,
            )
        )
    return found


def _hidden(events: list[e.Event]) -> list[str]:
    """How the submitted work did in tests that nobody could see."""
    results = [
        event.data.result
        for event in events
        if isinstance(event.data, e.AnalysisRecorded) and event.data.kind == "hidden_tests"
    ]
    passed, total = (results[-1].get("passed"), results[-1].get("total")) if results else (0, 0)
    if not passed:
        return []
    words = _("Your work passed %(passed)d of %(total)d tests that you could not see.")
    return [words % {"passed": passed, "total": total}]


def _handed_over(state: State) -> list[str]:
    """Tickets of whose change something was taken."""
    changes = [
        view.change["suggestion"] for view in state.tickets.values() if view.change and view.change.get("suggestion")
    ]
    taken = [state.suggestions[name] for name in changes if name in state.suggestions]
    merged = sum("accepted" in view.decisions.values() for view in taken)
    if not merged:
        return []
    return [
        ngettext(
            "You handed over a ticket and took what came back, in whole or in part.",
            "You handed work over and took what came back for %(num)d tickets, in whole or in part.",
            merged,
        )
    ]
