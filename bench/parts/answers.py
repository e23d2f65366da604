"""What the scripted assistant makes of prompts, and how long finding an answer takes.

Owns holding an exercise's lines against paraphrases, and a script of 200 lines to look among. Invariant: each prompt is answered as
a provider would, in a conversation brought to where it makes sense; none is looked up twice. Leaves out telling the figures.
"""

from __future__ import annotations

import time
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from assistant.lines import DEFENCE, REPAIR, Script, Talk
from interviews.exercises import Exercise, load

EXERCISE = "prompted-playlists"
PARAPHRASES = Path(__file__).resolve().parent.parent / "paraphrases" / "prompted-playlists.yaml"
OFF_TOPIC = "off-topic"
# Plain prompts that bring a conversation to where a paraphrase makes sense.
BEFORE = {
    "diagnose": ("why is a decade counted as a length, 80s as 80 seconds?",),
    "fix": ("fix the bug: 80s is read as 80 seconds",),
    "plan": ("make a plan for the feature",),
    "implement": (
        "implement the feature: no artist twice in a row, total within two minutes of the length, remasters are the same song",
    ),
}
LINES = 200
_VERBS = ("explain", "fix", "test", "rename", "document", "speed up", "split", "review", "remove", "replace")
_THINGS = (
    "the parser", "the cache", "the scheduler", "the report", "the upload", "the login page", "the price table", "the retry loop",
    "the search index", "the mail queue", "the calendar", "the invoice", "the sensor", "the route planner", "the chart",
    "the settings", "the archive", "the tokeniser", "the worker pool", "the ledger",
)  # fmt: skip
_FORMS = ("{0} {1}", "please {0} {1}", "can you {0} {1} for me", "I want to {0} {1}", "{0} {1} before anything else")


class Rates(NamedTuple):
    """Shares from 0 to 1: prompts answered by a line that is wanted, and prompts without one that were answered by none."""

    right: float
    abstained: float


class Answer(NamedTuple):
    """A prompt, what would be right, and the line that answered."""

    text: str
    want: tuple[str, ...]
    line: str


def answers(path: Path = PARAPHRASES, exercise: Exercise | None = None) -> list[Answer]:
    """Each prompt of a file of paraphrases, answered."""
    script, found = Script(exercise or load(EXERCISE)), []
    for prompt in yaml.safe_load(path.read_text("utf-8"))["prompts"]:
        talk = Talk()
        for kind in prompt.get("after", ())[:1]:
            for said in BEFORE[kind]:
                move, talk = script.move(talk, said)
                assert move.line == kind, (said, move.line)
        line = script.move(talk, prompt["text"])[0].line
        found.append(Answer(prompt["text"], tuple(prompt["want"]), line))
    return found


def is_right(answer: Answer) -> bool:
    """Whether a wanted line answered. To be conceded or defended, once a planted mistake was named, is what critique wants."""
    if answer.want == (OFF_TOPIC,):
        return not answer.line
    if answer.line.startswith((REPAIR, DEFENCE)):
        return bool({"defend", "fix"} & set(answer.want))
    wanted = set(answer.want)
    # "yes" after an offer is answered by what was offered.
    return answer.line.partition(":")[0] in wanted or ("go-on" in wanted and answer.line in ("fix", "implement"))


def rates(path: Path = PARAPHRASES) -> Rates:
    """How many prompts of a file are answered rightly, and on how many off the topic it abstains."""
    found = answers(path)
    off = [is_right(answer) for answer in found if answer.want == (OFF_TOPIC,)]
    on = [is_right(answer) for answer in found if answer.want != (OFF_TOPIC,)]
    return Rates(sum(on) / len(on), sum(off) / len(off))


def many(lines: int = LINES) -> Exercise:
    """The exercise with so many lines, each about something else, in place of its own."""
    pairs = list(product(_VERBS, _THINGS))[:lines]
    own: dict[str, Any] = dict(load(EXERCISE).assistant_lines)
    own["lines"] = [
        {
            "id": f"line-{number}",
            "examples": [form.format(*pair) for form in _FORMS],
            "reply": f"About {' '.join(pair)}.",
        }
        for number, pair in enumerate(pairs)
    ]
    own["repairs"] = []
    return load(EXERCISE).model_copy(update={"assistant_lines": own})


def answer_ms(times: int = 400, lines: int = LINES) -> list[float]:
    """How long finding each of ``times`` different prompts' answer took among so many lines, after the lines were read."""
    script, took = Script(many(lines)), []
    said = [
        f"{word} {verb} {thing}" for word in ("could we", "now", "let us") for verb, thing in product(_VERBS, _THINGS)
    ]
    for prompt in said[:times]:
        begun = time.perf_counter()
        move, talk = script.move(Talk(), prompt)
        script.told(move, talk)
        took.append((time.perf_counter() - begun) * 1000)
    return took


def ready_ms() -> float:
    """How long reading the exercise's own lines takes, once in a server's life."""
    exercise = load(EXERCISE)
    begun = time.perf_counter()
    Script(exercise).prepare()
    return (time.perf_counter() - begun) * 1000
