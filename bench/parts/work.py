"""Recorded work: the log of somebody who types, runs, asks and decides for some hours.

Owns that invented person. Invariant: reproducible; as much of everything as an hour of real work holds (some 9,500 edits in
messages of three, a keyframe when one is due, two dozen test runs, a dozen prompts, a terminal that is used). The times are in the
log; nothing waits. Leaves out grading.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from interviews import events as e
from interviews import exercises
from interviews.chain import sha256_hex
from interviews.keyframes import Keyframes
from interviews.log import Draft, EventLog
from interviews.text import Changes, apply_changes, replace

START_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
MESSAGES = 3_170  # an hour
BATCH = 3
LONGEST = 8_000  # units of a file, where some of it is deleted again
CLIENT = "3f9a1c07d2b84e65"
EXERCISE = "prompted-playlists"
SENTENCE = (
    "The length must never be taken from a decade, so the builder should read the wish first and then rank what is left "
    "by energy and tag, without playing one artist twice in a row or an explicit track when the request says clean."
)
WORDS = SENTENCE.split()


class Work:
    """One person's hours, as messages of events with the time of each."""

    def __init__(self, hours: float, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._messages = round(MESSAGES * hours)
        self._exercise = exercises.load(EXERCISE)
        self._texts = dict(sorted(self._exercise.workspace.items()))
        self._versions = dict.fromkeys(self._texts, 1)
        self._sources = [path for path in self._texts if path.endswith(".py")]
        self._typed = " ".join(self._texts[path] for path in self._sources)
        self._frames = Keyframes()
        self._at = 0

    def header(self, id_: str) -> e.Header:
        settings = e.InterviewSettings(**e.InterviewSettings(minutes=240).model_dump())
        return e.Header(
            id=id_, created_at_ms=START_MS, candidate="Ada", exercise=self._exercise.pin(1), settings=settings
        )

    def messages(self) -> Iterator[tuple[int, list[Draft]]]:
        """What was recorded together, and when (Unix ms)."""
        now = START_MS
        yield now, self._begin()
        for number in range(self._messages):
            now += self._chance.randrange(2 * HOUR_MS // MESSAGES)
            path = self._sources[number // 120 % len(self._sources)]
            yield now, self._edits(path, number, now)
            for drafts in (*self._beside(number), *self._keyframes(now)):
                yield now, drafts
        end: list[e.AnyPayload] = [
            e.PhaseEnded(phase="open", by="clock"), e.InterviewSubmitted(by="clock", late=False), e.DebriefShown(items=())
        ]  # fmt: skip
        yield now, [Draft("system", one) for one in end]

    def write(self, log: EventLog, interview: str, now: list[int]) -> None:
        """Append it all; ``now`` holds the time that the log's clock gives."""
        for now[0], drafts in self.messages():
            log.append(interview, drafts)

    def _begin(self) -> list[Draft]:
        spec = self._exercise.spec
        data: list[e.AnyPayload] = [
            e.ConsentGiven(text_sha256="0" * 64, locale="en"),
            e.SandboxStarted(backend="docker", place="pairsight-1"),
            e.KeyRecorded(requirements=spec.requirements, defects=spec.defects, brief_shared=False),
            *(self._whole(path, "starter") for path in self._texts),
            e.InterviewStarted(),
            e.PhaseStarted(phase="open", duration_ms=240 * 60_000),
            e.PresenceChanged(role="candidate", client=f"candidate:{CLIENT}", state="connected"),
            e.TerminalOpened(terminal="t1", cols=100, rows=24),
        ]
        return [Draft("system", one) for one in data]

    def _whole(self, path: str, origin: e.Origin) -> e.FileSnapshotted:
        text = self._texts[path]
        raw = text.encode()
        return e.FileSnapshotted(
            path=path, version=self._versions[path], text=text, size=len(raw), sha256=sha256_hex(raw), origin=origin
        )

    def _edits(self, path: str, number: int, now: int) -> list[Draft]:
        text = self._texts[path]
        if number % 120 == 0 or self._at > len(text):
            self._at = text.rfind("\n", 0, self._chance.randrange(len(text) + 1)) + 1
        out = []
        for key in range(BATCH):
            if len(text) > LONGEST:
                changes, origin = replace(text, 1_000, 5_000, ""), "undo"
                self._at = 1_000
            elif self._at and self._chance.random() < 0.06:
                changes, origin = replace(text, self._at - 1, self._at, ""), "typed"
                self._at -= 1
            else:
                letter = self._typed[(number * BATCH + key) % len(self._typed)]
                changes, origin = replace(text, self._at, self._at, letter), "typed"
                self._at += 1
            text = self._change(path, text, changes)
            edited = e.FileEdited.model_validate(
                {"path": path, "version": self._versions[path], "changes": changes, "origin": origin, "client": CLIENT}
            )
            out.append(Draft("candidate", edited))
            self._frames.take(_event(now, edited))
        return out

    def _change(self, path: str, text: str, changes: Changes) -> str:
        self._texts[path] = apply_changes(text, changes)
        self._versions[path] += 1
        return self._texts[path]

    def _keyframes(self, now: int) -> Iterator[list[Draft]]:
        for path in self._frames.due(now, {path: len(text) for path, text in self._texts.items()}):
            whole = self._whole(path, "keyframe")
            self._frames.take(_event(now, whole))
            yield [Draft("system", whole)]

    def _beside(self, number: int) -> Iterator[list[Draft]]:
        """What else happens about now."""
        if number % 130 == 129:
            yield from self._run(f"r{number}")
        if number % 260 == 200:
            yield from self._ask(f"a{number}", f"s{number}")
        if number % 60 == 30:
            yield from self._command(f"python -m playlists '{self._say(4)}'", self._listing(self._chance.randrange(40)))
        if number % 800 == 799:
            yield from self._command("git diff", self._listing(400))
        if number % 500 == 250:
            yield [Draft("interviewer:Grace", e.NoteAdded(text=self._say(20), about_seq=number))]

    def _say(self, words: int) -> str:
        return " ".join(self._chance.choice(WORDS) for _ in range(words))

    def _listing(self, lines: int) -> str:
        shown = (f"\x1b[3{self._chance.randrange(8)}m{self._say(8)}\x1b[0m\r\n" for _ in range(lines))
        return "".join(shown)

    def _command(self, line: str, output: str) -> Iterator[list[Draft]]:
        """Its keys come back a few at a time, then what it shows, coalesced."""
        for at in range(0, len(line), 3):
            yield [Draft("terminal", e.TerminalOutput(terminal="t1", data=line[at : at + 3]))]
        for at in range(0, len(output), 8_000):
            yield [Draft("terminal", e.TerminalOutput(terminal="t1", data=output[at : at + 8_000]))]
        yield [
            Draft("terminal", e.TerminalOutput(terminal="t1", data="\r\n\x1b[32mcandidate\x1b[0m:/workspace$ ")),
            Draft("terminal", e.CommandFinished(terminal="t1", command=line, exit_code=0)),
        ]

    def _run(self, run: str) -> Iterator[list[Draft]]:
        yield [Draft("candidate", e.RunStarted(run=run, files=dict(self._versions)))]
        tests = tuple(
            e.TestResult(
                id=f"tests/test_request.py::test_{self._chance.choice(WORDS)}_{number}",
                outcome="failed" if number % 5 == 0 else "passed",
                message=self._listing(4) if number % 5 == 0 else "",
                duration_ms=self._chance.randrange(40),
            )
            for number in range(20)
        )
        finished = e.RunFinished(
            run=run, exit_code=1, tests=tests, output=self._listing(60), timed_out=False, duration_ms=1_800
        )
        yield [Draft("system", finished)]

    def _ask(self, turn: str, suggestion: str) -> Iterator[list[Draft]]:
        yield [Draft("candidate", e.PromptSent(turn=turn, text=self._say(40), attachments=(self._sources[0],)))]
        yield [Draft("assistant", e.ReplyStarted(turn=turn, provider="scripted", model="atoms"))]
        called = e.ToolCalled(
            turn=turn, tool="read", input={"path": self._sources[0]}, output=self._texts[self._sources[0]], ok=True
        )
        yield [Draft("assistant", called)]
        reply = [self._say(3) for _ in range(60)]
        for part in reply:
            yield [Draft("assistant", e.ReplyAppended(turn=turn, text=part + " "))]
        hunks = tuple(self._hunk(f"{suggestion}.{number}") for number in range(3))
        yield [
            Draft("assistant", e.ReplyFinished(
                turn=turn, text=" ".join(reply), stop_reason="end_turn", first_token_ms=700, total_ms=4_000,
                usage=e.Usage(input_tokens=4_000, output_tokens=400),
            )),
            Draft("assistant", e.SuggestionOffered(suggestion=suggestion, turn=turn, title=self._say(5), hunks=hunks)),
        ]  # fmt: skip
        for hunk in hunks:
            decided = e.SuggestionDecided(
                suggestion=suggestion, hunk=hunk.hunk, decision="rejected", reason=self._say(6)
            )
            yield [Draft("candidate", decided)]

    def _hunk(self, hunk: str) -> e.Hunk:
        path = self._sources[1]
        lines = self._texts[path].splitlines(keepends=True)[:6]
        after = "".join(f"    {self._say(7)}\n" for _ in lines)
        return e.Hunk(
            hunk=hunk, path=path, base_version=self._versions[path], line=1, before="".join(lines), after=after
        )


def _event(now: int, data: e.AnyPayload) -> e.Event:
    """As far as keyframes are counted by it."""
    return e.Event(seq=0, at_ms=now, actor="", type="", cause=None, data=data)
