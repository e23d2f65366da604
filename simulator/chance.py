"""The people that are simulated, and how likely it is that they do what they do.

Owns skills, their spread, the draws and the truth that is kept of them. Invariant: every act that depends on a skill is one draw
with a known probability, kept in the ``Truth``; a draw depends on the seed and its own name alone, so that two interviews of one
seed in different styles, or in other words, meet the same luck. Leaves out what the acts look like (``course``).

A skill is in probits above the middle: 0 is middling for each. With slopes of 1, a person of skill t takes an opportunity of
difficulty b with probability Φ(t - b). Of ``critique``, t is how far d′ lies above 1.2: what is wrong looks wrong to them by d′
standard deviations more than what is sound, and they call it out where it looks worse than their criterion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from statistics import NormalDist
from typing import Final, Literal

from interviews.errors import BadInput
from interviews.events import Difficulty, Verdict

Name = Literal["prompt", "critique", "refine"]
SKILLS: Final[tuple[Name, ...]] = ("prompt", "critique", "refine")
# How people differ, in probits: shares of SD 0.15 around one half, and d′ ~ N(1.2, 0.6).
SPREAD: Final[Mapping[Name, float]] = {"prompt": 0.4, "critique": 0.6, "refine": 0.4}
D_MEAN: Final = 1.2
CRITERION_SD: Final = 0.4
# How far a verdict lies from the criterion before it is given without a "probably".
SURE: Final = 0.6
ITEM_SD: Final = 0.3
HARDER: Final[Mapping[Difficulty, float]] = {"easy": -0.35, "middle": 0.0, "hard": 0.35}
# What is left of an item's difficulty when its author's word for it is known.
WITHIN_SD: Final = 0.2
# How much more often than every other time somebody middling does some things, in probits: of runs that could lead back to a
# failure left behind, two in three lead elsewhere; of follow-ups sent while tests fail that do not say which, few bring the
# failures down (35 % of those that add something, 6 to 9 % of others, in public conversations).
USUAL: Final[Mapping[str, float]] = {"no_way_back": 0.4, "fix": -0.7}
MOST: Final = 4.0
_NORMAL = NormalDist()


def phi(x: float) -> float:
    """The normal distribution function."""
    return _NORMAL.cdf(x)


@dataclass(frozen=True)
class Skills:
    """A person. ``criterion``: how much worse than halfway between sound and flawed something must look to be called out."""

    prompt: float = 0.0
    critique: float = 0.0
    refine: float = 0.0
    criterion: float = 0.0

    @property
    def d_prime(self) -> float:
        """By how many standard deviations flawed and sound differ in their eyes."""
        return D_MEAN + self.critique

    def of(self, name: Name) -> float:
        """One skill."""
        return {"prompt": self.prompt, "critique": self.critique, "refine": self.refine}[name]


def anybody(seed: int) -> Skills:
    """A person drawn from the population."""
    dice = Random(f"{seed}/person")
    skills = {name: dice.gauss(0, SPREAD[name]) for name in SKILLS}
    return Skills(**skills, criterion=dice.gauss(0, CRITERION_SD))


def parse(text: str, criterion: float = 0.0) -> Skills:
    """``prompt=0.4,critique=-0.6,refine=0``; what is not named is 0. Raises ``BadInput``."""
    found: dict[str, float] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, value = (half.strip() for half in part.partition("="))
        try:
            number = float(value)
        except ValueError:
            number = MOST + 1
        if name not in SKILLS or name in found or not -MOST <= number <= MOST:
            raise BadInput(
                "Expected skills such as prompt=0.4,critique=-0.6,refine=0, each once and within -4 and 4, got %(got)s",
                got=part,
            )
        found[name] = number
    return Skills(**found, criterion=criterion)


@dataclass(frozen=True)
class Chance:
    """One act: of which ``kind``, whether it was done, and how hard it was. Its probability is Φ(skill - difficulty)."""

    name: str
    kind: str
    skill: Name
    difficulty: float
    done: bool


@dataclass(frozen=True)
class Sight:
    """One verdict on a change of known quality: ``step`` 0 is merge, 3 block. ``difficulty``: how much less a flaw strikes."""

    name: str
    flawed: bool
    difficulty: float
    step: int


STEPS: Final[tuple[Verdict, ...]] = ("merge", "probably right", "probably wrong", "block")


@dataclass
class Truth:
    """What is known of an interview that nobody gave: who gave it, and each act with its likelihood."""

    seed: int
    style: str
    skills: Skills
    chances: list[Chance] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)

    def likelihood(self, name: Name, skill: float, criterion: float = 0.0) -> float:
        """Of everything that this skill bears on, had it been ``skill``; for critique, given the criterion too."""
        made = 1.0
        for one in self.chances:
            if one.skill == name:
                chance = phi(skill - one.difficulty)
                made *= chance if one.done else 1 - chance
        if name == "critique":
            for seen in self.sights:
                made *= step_chance(seen, D_MEAN + skill, criterion)
        return made

    def json(self) -> dict[str, object]:
        """For a file beside the log, never in it."""
        return {
            "seed": self.seed,
            "style": self.style,
            "skills": vars(self.skills),
            "chances": [
                {**vars(one), "probability": round(phi(self.skills.of(one.skill) - one.difficulty), 6)}
                for one in self.chances
            ],
            "verdicts": [
                {
                    **vars(one),
                    "probability": round(step_chance(one, self.skills.d_prime, self.skills.criterion), 6),
                }
                for one in self.sights
            ],
        }


def step_chance(seen: Sight, d_prime: float, criterion: float) -> float:
    """How likely that step is: what is seen is normal around ±d′/2, and three cuts part the steps."""
    middle = looks(seen.flawed, seen.difficulty, d_prime)
    cuts = (criterion - SURE, criterion, criterion + SURE)
    low = 0.0 if seen.step == 0 else phi(cuts[seen.step - 1] - middle)
    high = 1.0 if seen.step == 3 else phi(cuts[seen.step] - middle)
    return high - low


def looks(flawed: bool, difficulty: float, d_prime: float) -> float:
    """How wrong a change looks on average; a hard flaw strikes less, and how hard sound code is changes nothing here."""
    return (d_prime / 2 - difficulty) if flawed else -d_prime / 2


class Dice:
    """Draws by name, and keeps what depends on a skill."""

    def __init__(self, seed: int, truth: Truth) -> None:
        self._seed, self.truth = seed, truth

    def stream(self, name: str) -> Random:
        """A generator of its own for that name."""
        return Random(f"{self._seed}/{name}")

    def luck(self, name: str, chance: float) -> bool:
        """What no skill bears on."""
        return self.stream(f"luck/{name}").random() < chance

    def act(self, kind: str, name: str, skill: Name, *, shift: float = 0.0) -> bool:
        """Whether an opportunity is taken. Its difficulty is drawn around ``shift``."""
        difficulty = shift + self.stream(f"item/{kind}/{name}").gauss(0, ITEM_SD)
        done = self.stream(f"act/{kind}/{name}").random() < phi(self.truth.skills.of(skill) - difficulty)
        self.truth.chances.append(Chance(name, kind, skill, difficulty, done))
        return done

    def see(self, name: str, *, flawed: bool, difficulty: Difficulty | Literal[""] = "") -> int:
        """The step of a verdict, 0 to 3."""
        hard = HARDER.get(difficulty or "middle", 0.0) + self.stream(f"item/{name}").gauss(0, WITHIN_SD)
        hard = hard if flawed else 0.0
        skills = self.truth.skills
        seen = looks(flawed, hard, skills.d_prime) + self.stream(f"see/{name}").gauss(0, 1)
        step = sum(seen > skills.criterion + cut for cut in (-SURE, 0.0, SURE))
        self.truth.sights.append(Sight(name, flawed, hard, step))
        return step
