"""What an assistant reaches in an exercise without a candidate.

Owns the attempts of one model at one exercise, their mean and how sure it is. Invariant: tests that catch planted mistakes are
counted on neither side, so that candidate and assistant are compared on the same ones. Leaves out how an attempt is made
(``service.baseline``), where it is kept (``store.baselines``) and the comparison (``rubrics.lift``).
"""

from __future__ import annotations

from collections import Counter
from math import sqrt

from interviews.events import Json, Value

DECAYED = 0.9
"""The mean share of hidden tests from which on an exercise tells little of who works on it: the assistant solves it alone."""
# How much attempts differ before any is known, with the weight of so many attempts: a share has the spread of people's, and
# three that are the same are not yet certainty.
PRIOR_SD, PRIOR_DF = 0.15, 2
# The 97.5 % points of Student's t for 2, 3, 4, … degrees of freedom; the last one stands for all beyond.
_T = (
    4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093,
    2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


class Attempt(Value):
    """One try. ``rate`` is the share of hidden tests that passed, ``tests`` their outcomes; ``rounds`` how often it was asked.

    ``ended`` is why it came to its end: its tests passed, it changed nothing more, its rounds were used up, or its service failed.
    """

    at_ms: int
    rate: float
    tests: dict[str, str]
    rounds: int
    tokens: int
    cost_microusd: int | None
    total_ms: int
    ended: str


class Baseline(Value):
    """All attempts of a provider's model at one version of an exercise, at least one."""

    exercise: str
    version: int
    sha256: str
    provider: str
    model: str
    attempts: tuple[Attempt, ...]

    @property
    def rate(self) -> float:
        """The mean share of hidden tests passed."""
        return sum(one.rate for one in self.attempts) / len(self.attempts)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true mean lies with 95 in 100 certainty, within 0 and 1."""
        n, mean = len(self.attempts), self.rate
        df = PRIOR_DF + n - 1
        spread = (PRIOR_DF * PRIOR_SD**2 + sum((one.rate - mean) ** 2 for one in self.attempts)) / df
        reach = _T[min(df - 2, len(_T) - 1)] * sqrt(spread / n)
        return max(0.0, mean - reach), min(1.0, mean + reach)

    @property
    def decayed(self) -> bool:
        """Whether the assistant solves the exercise alone."""
        return self.rate >= DECAYED

    @property
    def tests(self) -> dict[str, float]:
        """Of each hidden test, the share of attempts that passed it."""
        passed = Counter(test for one in self.attempts for test, outcome in one.tests.items() if outcome == "passed")
        names = sorted({test for one in self.attempts for test in one.tests})
        return {name: round(passed[name] / len(self.attempts), 4) for name in names}

    @property
    def tokens(self) -> int:
        """Of all attempts."""
        return sum(one.tokens for one in self.attempts)

    @property
    def cost_microusd(self) -> int | None:
        """Of all attempts, None where it is not known of each."""
        costs = [one.cost_microusd for one in self.attempts if one.cost_microusd is not None]
        return sum(costs) if len(costs) == len(self.attempts) else None

    def result(self) -> dict[str, Json]:
        """As an interview's log keeps it (``analysis.recorded`` of kind ``baseline``) and the command prints it."""
        return {
            "exercise": self.exercise, "version": self.version, "sha256": self.sha256, "provider": self.provider,
            "model": self.model, "runs": len(self.attempts), "rate": round(self.rate, 4),
            "interval": [round(bound, 4) for bound in self.interval], "decayed": self.decayed, "tests": self.tests,
            "at_ms": self.attempts[-1].at_ms, "tokens": self.tokens, "cost_microusd": self.cost_microusd,
        }  # fmt: skip
