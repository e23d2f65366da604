"""What was handed in, against the hidden tests and against the assistant alone.

Owns the share of hidden tests passed and its distance from the recorded baseline. Invariant: pure; tests that catch planted
mistakes count on neither side; the share is a fact about the files, the distance as uncertain as the baseline is. It is shown
beside the dimensions and no part of any. Leaves out how the baseline came about (``interviews.baseline``).
"""

from __future__ import annotations

from collections.abc import Mapping

from interviews.baseline import DECAYED
from interviews.events import Json
from rubrics import explain
from rubrics.base import LogView, Note, Outcome
from rubrics.base import translatable as _
from rubrics.explain import Translate
from rubrics.numbers.posterior import UNIT
from rubrics.reading.facts import Facts
from rubrics.reading.wording import name_of_test

HUNDREDTH = UNIT // 100
_MOST_RUNS = 10**6


def outcome(log: LogView, translate: Translate) -> Outcome | None:
    """None where the hidden tests have no result."""
    facts = log.facts
    tests = counted(facts)
    if not tests:
        return None
    passed, total = sum(result == "passed" for result in tests.values()), len(tests)
    share = passed * UNIT // total
    words = [Note(_("Hidden tests passed: %(passed)d of %(total)d."), {"passed": passed, "total": total})]
    alone = _alone(facts.baseline)
    if alone is None:
        words.append(
            Note(_("Nobody has let this assistant try the exercise alone, so there is nothing to compare that with."))
        )
        return Outcome(
            passed=passed, total=total, share=share / UNIT, evidence=(facts.hidden_seq,), explanation=_said(words, translate)
        )  # fmt: skip
    rate, low, high, runs = alone
    words += _compared(rate, (low, high), runs, (share - high, share - low))
    return Outcome(
        passed=passed, total=total, share=share / UNIT, evidence=(facts.hidden_seq, facts.baseline_seq), runs=runs,
        baseline=rate / UNIT, baseline_ci95=(low / UNIT, high / UNIT), lift=(share - rate) / UNIT,
        lift_ci95=((share - high) / UNIT, (share - low) / UNIT), decayed=rate >= int(DECAYED * UNIT),
        explanation=_said(words, translate),
    )  # fmt: skip


def counted(facts: Facts) -> dict[str, str]:
    """Outcomes of the hidden tests that tell of no planted mistake."""
    planted = {name_of_test(test) for defect in (facts.key.defects if facts.key else ()) for test in defect.tests}
    return {test: result for test, result in (facts.hidden_tests or {}).items() if name_of_test(test) not in planted}


def _alone(result: Mapping[str, Json] | None) -> tuple[int, int, int, int] | None:
    """Mean, both ends of its interval, and the number of attempts; None where there is no baseline that can be read."""
    try:
        rate, (low, high), runs = result["rate"], result["interval"], result["runs"]  # type: ignore[index] # None is told so too
        if not all(0 <= share <= 1 for share in (rate, low, high)) or not 0 < runs <= _MOST_RUNS:
            return None
        return round(rate * UNIT), round(low * UNIT), round(high * UNIT), int(runs)
    except (KeyError, TypeError, ValueError):
        return None


def _compared(rate: int, alone: tuple[int, int], runs: int, lift: tuple[int, int]) -> list[Note]:
    said = Note(
        _(
            "Alone, the assistant passes %(rate)d in a hundred (likely between %(low)d and %(high)d; attempts: %(runs)d)."
        ),
        {"rate": rate // HUNDREDTH, "low": alone[0] // HUNDREDTH, "high": -(-alone[1] // HUNDREDTH), "runs": runs},
    )
    low, high = lift[0] // HUNDREDTH, -(-lift[1] // HUNDREDTH)
    if lift[0] > 0:
        told = Note(
            _("What was handed in lies above that, likely by %(low)d to %(high)d in a hundred."),
            {"low": low, "high": high},
        )
    elif lift[1] < 0:
        told = Note(
            _("What was handed in lies below that, likely by %(low)d to %(high)d in a hundred."),
            {"low": -high, "high": -low},
        )
    else:
        told = Note(_("Whether what was handed in goes beyond that cannot be told."))
    return [said, told]


def _said(words: list[Note], translate: Translate) -> str:
    return " ".join(explain.sentence(note, translate) for note in words)


def decayed(translate: Translate) -> str:
    """That the exercise tells little, for whoever reads a score."""
    return translate(
        _("The assistant solves this exercise alone: how much was handed in tells little of who handed it in.")
    )
