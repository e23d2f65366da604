"""Replay and live view of one log: the same at every event, whichever way one came there, and nothing of what was erased."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from interviews import events as e
from interviews import exercises
from interviews.chain import sha256_hex
from interviews.log import Draft, random_salts
from interviews.settings import Settings
from interviews.store import SqlLog, open_engine
from interviews.text import replace
from tests import product as products
from tests.browser import pages
from tests.browser.conftest import Open, shot
from tests.product import Product, link, opened_log, wait

MINUTE = 60_000
START_MS = 1_790_000_000_000
SECRET = "hunter2-is-no-password"
SCREEN = "() => [...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent.trimEnd())"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    data = tmp_path_factory.mktemp("replay") / "data"
    data.mkdir()
    for name in ("jumps", "words", "phone", "secret"):
        # Before there is a server, which would go on with one that it finds under way.
        Course(name).record(Settings(data=data))
    running = products.start(data, PAIRSIGHT_PACE="0.2")
    yield running
    running.stop()


class Course:
    """An interview that went as written here, with everything seldom in it."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        self._texts: dict[str, str] = {}
        self._versions: dict[str, int] = {}

    def record(self, settings: Settings) -> None:
        now, engine = [START_MS], open_engine(settings.database_url)
        log = SqlLog(engine, lambda: now[0], random_salts())
        pin = exercises.load("prompted-playlists").pin(1)
        agreed = e.InterviewSettings(minutes=40, co_edit=True)
        log.create(e.Header(id=self.id, created_at_ms=START_MS, candidate="Ada", exercise=pin, settings=agreed))
        for drafts in self._drafts():
            now[0] += 4_000
            log.append(self.id, drafts)
        engine.dispose()

    def _drafts(self) -> Iterator[list[Draft]]:
        chance = random.Random(7)
        yield [
            Draft("candidate", e.ConsentGiven(text_sha256="0" * 64, locale="en")),
            Draft("system", e.SandboxStarted(backend="docker")),
            Draft("system", self._whole("notes.py", "# notes\n" * 40, "starter")),
            Draft("system", self._whole("other.py", "x = 1\n" * 30, "starter")),
            Draft("system", e.InterviewStarted()),
            Draft("system", e.PhaseStarted(phase="open", duration_ms=40 * MINUTE)),
            Draft("candidate", e.PresenceChanged(role="candidate", client="candidate:a", state="connected")),
            Draft("candidate", e.TerminalOpened(terminal="t1", cols=90, rows=20)),
        ]
        for number in range(220):
            path = ("notes.py", "other.py")[number // 40 % 2]
            yield [self._edit(path, f"l{number}😀\n", "typed")]
            yield [Draft("terminal", e.TerminalOutput(terminal="t1", data=self._lines(chance, 6)))]
            yield from self._seldom(number, chance)
        yield [Draft("system", e.PhaseEnded(phase="open", by="clock"))]
        yield [
            Draft("system", e.InterviewSubmitted(by="clock", late=False)),
            Draft("system", e.DebriefShown(items=())),
        ]

    def _seldom(self, number: int, chance: random.Random) -> Iterator[list[Draft]]:
        if number == 20:
            yield [Draft("interviewer:Grace", self._edit("notes.py", "# from Grace\n", "co-edit").data)]
        if number == 40:
            yield [Draft("candidate", e.PresenceChanged(role="candidate", client="candidate:a", state="away"))]
        if number == 50:
            yield [Draft("candidate", e.PresenceChanged(role="candidate", client="candidate:a", state="connected"))]
        if number == 60:
            yield [Draft("candidate", e.TerminalResized(terminal="t1", cols=70, rows=24))]
        if number in (80, 150):
            # A program on the other screen, whose lines scroll in a part of it, and whose output is cut within a sequence.
            yield [Draft("terminal", e.TerminalOutput(terminal="t1", data="\x1b[?1049h\x1b[?25l\x1b[3;15r\x1b[3"))]
            yield [Draft("terminal", e.TerminalOutput(terminal="t1", data=";1H" + self._lines(chance, 700)))]
        if number in (100, 190):
            yield [Draft("terminal", e.TerminalOutput(terminal="t1", data="\x1b[r\x1b[?25h\x1b[?1049l", cut=40_000))]
        if number == 110:
            yield [
                Draft("system", e.SandboxLost(reason="it ended")),
                Draft("system", e.ClockPaused(reason="no sandbox")),
            ]
        if number == 115:
            yield [
                Draft("system", e.SandboxStarted(backend="docker")),
                Draft("system", e.ClockResumed(lost_ms=5_000)),
                Draft("candidate", e.TerminalOpened(terminal="t2", cols=90, rows=20)),
            ]
        if number == 120:
            yield [
                Draft("candidate", e.PromptSent(turn="a1", text=f"My key is {SECRET}, why does it fail?")),
                Draft("assistant", e.ReplyStarted(turn="a1", provider="scripted", model="")),
            ]
            yield [Draft("assistant", e.ReplyAppended(turn="a1", text="Because"))]
        if number == 130:
            yield [self._edit("other.py", f"KEY = '{SECRET}'\n", "paste")]
            yield [Draft("terminal", e.TerminalOutput(terminal="t2", data=f"$ export KEY={SECRET}\r\n"))]
        if number == 160:
            text, version = self._texts["notes.py"], self._versions["notes.py"] + 1
            kept = self._whole("notes.py", text, "keyframe")
            yield [Draft("system", kept.model_copy(update={"version": version - 1}))]

    def _whole(self, path: str, text: str, origin: e.Origin) -> e.FileSnapshotted:
        self._texts[path] = text
        version = self._versions.setdefault(path, 1)
        raw = text.encode()
        return e.FileSnapshotted(
            path=path, version=version, text=text, size=len(raw), sha256=sha256_hex(raw), origin=origin
        )

    def _edit(self, path: str, words: str, origin: e.Origin) -> Draft:
        text = self._texts[path]
        self._texts[path] = text + words
        self._versions[path] += 1
        units = len(text.encode("utf-16-le")) // 2
        changes = replace(text, units, units, words)
        edited = e.FileEdited.model_validate(
            {"path": path, "version": self._versions[path], "changes": changes, "origin": origin, "client": "a"}
        )
        return Draft("candidate", edited)

    @staticmethod
    def _lines(chance: random.Random, count: int) -> str:
        return "".join(f"\x1b[3{chance.randrange(8)}m{chance.getrandbits(160):x}\x1b[0m\r\n" for _ in range(count))


@dataclass(frozen=True)
class Recorded:
    """A course as the product has it."""

    product: Product
    id: str

    def page(self, open_page: Open, name: str, **options: int) -> Page:
        """An interviewer's page of it."""
        page = open_page(link(self.product, self.id, "interviewer"), **options)
        page.goto(f"{self.product.address}/interviews/{self.id}/{name}")
        wait(lambda: page.evaluate("() => Boolean(window.__pairsight)"), 40)
        return page

    @property
    def last(self) -> int:
        """The number of its last event."""
        with opened_log(self.product) as log:
            return log.read(self.id)[-1].seq

    def state(self, page: Page, at: int) -> pages.Json:
        """What the server folds up to that event."""
        answer = page.context.request.get(f"{self.product.address}/api/interviews/{self.id}/interviewer/state?at={at}")
        assert answer.ok, answer.text()
        return answer.json()


def seek(page: Page, seq: int) -> None:
    page.evaluate("seq => window.__pairsight.seek(seq)", seq)


def played(page: Page, seq: int) -> None:
    """Go there by playing every event from where one is."""
    page.evaluate(
        """async (to) => {
          for (let at = window.__pairsight.seq(); at < to; ) await window.__pairsight.seek((at = Math.min(to, at + 20)));
        }""",
        seq,
    )


def test_at_random_events_replay_and_server_are_the_same_and_a_jump_shows_what_playing_shows(
    product: Product, open_page: Open
) -> None:
    course = Recorded(product, "jumps")
    replay = course.page(open_page, "replay")
    chance = random.Random(3)
    targets = sorted(chance.sample(range(1, course.last), 24))
    shown: dict[int, tuple[list[str], str]] = {}
    editor = "() => document.querySelector('.cm-content').innerText"
    seek(replay, 0)
    for seq in targets:
        played(replay, seq)
        assert pages.state(replay) == course.state(replay, seq), seq
        shown[seq] = replay.evaluate(SCREEN), pages.state(replay)
    chance.shuffle(targets)
    # Once before all screens are made, in whatever order, and once after.
    for seq in [*targets, *targets]:
        seek(replay, seq)
        assert pages.state(replay) == shown[seq][1], seq
    for seq in targets:
        seek(replay, seq)
        assert replay.evaluate(SCREEN) == shown[seq][0], seq
        files = pages.state(replay)["files"]
        visible = [line for line in replay.evaluate(editor).split("\n") if line.strip()]
        assert any(all(line in (view["text"] or "") for line in visible) for view in files.values()), seq
    shot(replay, "replay-outages")


def test_what_seldom_happens_has_words_and_a_mark(product: Product, open_page: Open) -> None:
    course = Recorded(product, "words")
    replay = course.page(open_page, "replay")
    with opened_log(product) as log:
        began = next(record.seq for record in log.read("words") if record.type == "phase.started")
    title = exercises.load("prompted-playlists").spec.title
    for seq, said in ((began - 1, [title]), (began, [title, "Open work"]), (course.last, [title])):
        seek(replay, seq)
        expect(replay.locator(".topbar-phase")).to_have_text(said)
    replay.get_by_role("tab", name="Moments").click()
    moments = replay.get_by_role("list", name="Moments")
    for words in (
        "The interviewer edited notes.py",
        "The page went to the background",
        "The sandbox was lost",
        "Clock paused",
        re.compile("40 kB before it were left out"),
    ):
        expect(moments.get_by_text(words).first).to_have_count(1)
    expect(moments.get_by_text(re.compile("Recorded the whole"))).to_have_count(0)
    assert replay.locator(".edit-interviewer").count() == 1
    assert replay.locator(".lost-span").count() == 1
    titles = replay.locator(".lanes-drawing title").all_text_contents()
    assert {"away", "Clock paused: no sandbox", "No sandbox: it ended"} <= set(titles)

    replay.locator(".exports summary").focus()
    replay.keyboard.press("Enter")
    names = replay.locator(".exports-list a").all_text_contents()
    assert names == [
        "The whole log (NDJSON)", "The score (JSON)", "The score (CSV)", "Terminal 1 (asciicast)", "Terminal 2 (asciicast)",
    ]  # fmt: skip
    with replay.expect_download() as download:
        replay.get_by_role("link", name="Terminal 2").click()
    assert SECRET in Path(download.value.path()).read_text()


def test_on_a_phone_the_whole_line_about_every_event_can_be_read(product: Product, open_page: Open) -> None:
    course = Recorded(product, "phone")
    replay = course.page(open_page, "replay", width=360, height=740)
    with opened_log(product) as log:
        # The last of each kind bears the largest numbers.
        kinds = {(record.type, str((record.payload or {}).get("origin"))): record.seq for record in log.read(course.id)}
    cut = """async (kinds) => {
      const lines = [];
      for (const seq of kinds) {
        await window.__pairsight.seek(seq);
        await new Promise(requestAnimationFrame);
        const strip = document.querySelector(".strip");
        const wide = [strip, ...strip.children].some((part) => part.scrollWidth > part.clientWidth + 1 && part.clientWidth);
        const seen = strip.getBoundingClientRect();
        if (wide || strip.scrollHeight > strip.clientHeight + 1 || seen.bottom > innerHeight) lines.push(strip.innerText);
      }
      return lines;
    }"""
    assert len(kinds) > 20
    assert replay.evaluate(cut, [0, *sorted(kinds.values())]) == []
    shot(replay, "replay-phone")


def test_a_secret_is_taken_out_and_every_page_forgets_it(product: Product, open_page: Open) -> None:
    course = Recorded(product, "secret")
    replay, other = course.page(open_page, "replay"), course.page(open_page, "replay")
    live = course.page(open_page, "watch")
    for page in (replay, other):
        seek(page, course.last)
        assert SECRET in str(pages.state(page))
    wait(lambda: SECRET in str(pages.state(live)))

    # By the keyboard alone.
    replay.keyboard.press("Control+k")
    replay.keyboard.type("Redact a secret")
    replay.keyboard.press("Enter")
    expect(replay.get_by_role("dialog", name="Redact a secret")).to_be_visible()
    replay.keyboard.type(SECRET)
    replay.keyboard.press("Tab")
    replay.keyboard.type("a key, pasted by mistake")
    replay.keyboard.press("Enter")
    found = replay.get_by_role("dialog").get_by_role("status")
    expect(found).to_contain_text("1 prompt")
    expect(found).to_contain_text("1 piece of terminal output")
    expect(found).to_contain_text("other.py")
    shot(replay, "redact")
    assert SECRET in str(pages.state(live)), "nothing is erased before it was confirmed"
    replay.keyboard.press("Enter")
    expect(replay.get_by_role("dialog", name="Redact a secret")).to_be_hidden(timeout=30_000)

    for page in (replay, other, live):
        wait(lambda page=page: SECRET not in str(pages.state(page)), 30)  # type: ignore[misc]  # mypy cannot type a lambda's default
        wait(lambda page=page: SECRET not in page.content(), 30)  # type: ignore[misc]  # mypy cannot type a lambda's default
    chance = random.Random(5)
    for seq in chance.sample(range(1, course.last), 12):
        seek(replay, seq)
        seen = pages.state(replay)
        assert SECRET not in str(seen)
        assert SECRET not in replay.content()
        assert seen == course.state(replay, seq), seq

    replay.get_by_role("tab", name="Moments").click()
    expect(replay.get_by_text("Erased: 1 prompt")).to_be_attached()
    expect(replay.get_by_text("a key, pasted by mistake").first).to_be_attached()
    assert replay.locator(".lanes-drawing title").filter(has_text="Erased here: a key, pasted by mistake").count() >= 2
    shot(replay, "redacted")


def test_a_page_that_joined_late_shows_what_the_first_one_shows(product: Product, open_page: Open) -> None:
    candidate = open_page(product.links["candidate"])
    pages.consent(candidate)
    interview = candidate.url.split("/interviews/")[1].split("/")[0]
    first = open_page(product.links["interviewer"])
    seen: dict[int, pages.Json] = {}

    def keep(page: Page) -> None:
        state = pages.state(page)
        assert seen.setdefault(state["seq"], state) == state

    pages.open_file(candidate, "playlists/request.py")
    for number in range(3):
        pages.type_at_start(candidate, f"# 😀 {number}\n")
        wait(lambda: pages.saved(candidate))
        keep(first)
        pages.in_terminal(candidate, f"echo line {number}; seq 400")
        wait(lambda number=number: pages.terminal_text(first).count(f"line {number}") > 1)  # type: ignore[misc]  # mypy cannot type a lambda's default
        keep(first)
    late = open_page(product.links["interviewer"])
    wait(lambda: pages.seq(late) > 0)
    pages.type_at_start(candidate, "# for the late one\n")
    wait(lambda: pages.saved(candidate))
    for page in (first, late):
        wait(lambda page=page: pages.text(page, "playlists/request.py").startswith("# for the late one"))  # type: ignore[misc]  # mypy cannot type a lambda's default
    wait(lambda: pages.seq(first) == pages.seq(late))
    keep(first)
    keep(late)

    replay = open_page(product.links["interviewer"])
    replay.goto(f"{product.address}/interviews/{interview}/replay")
    wait(lambda: replay.evaluate("() => Boolean(window.__pairsight)"))
    for seq, state in seen.items():
        seek(replay, seq)
        assert pages.state(replay) == state, seq
        url = f"{product.address}/api/interviews/{interview}/interviewer/state?at={seq}"
        assert replay.context.request.get(url).json() == state, seq
