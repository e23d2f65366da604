"""An interviewer judges by keyboard: blind, then beside the rubric, with an override and a signature that the export holds."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app, invitation
from interviews import events as e
from interviews.service.registry import Interviews
from interviews.service.room import Room
from interviews.settings import Settings
from rubrics.rubric import load
from tests.browser.conftest import Open, shot
from tests.judging import DIMENSIONS, judged, over

SECRETLY = "Named the case before any code was there"


class Quiet(WSGIRequestHandler):
    """Says nothing of requests."""

    def log(self, type: str, message: str, *args: object) -> None: ...


@dataclass
class Over:
    """An interview that is over, where it can be looked at."""

    address: str
    settings: Settings
    room: Room

    def link(self, name: str) -> str:
        """The invitation of the interviewer of that name."""
        return invitation(self.settings, self.address, self.room.interview.id, "interviewer", name)

    @property
    def base(self) -> str:
        """Where its pages are."""
        return f"{self.address}/interviews/{self.room.interview.id}"


@pytest.fixture
def finished(tmp_path: Path) -> Iterator[Over]:
    """Nothing runs in it any more, so the application alone is enough, and no sandbox."""
    settings = Settings(data=tmp_path / "data")
    app = create_app(settings)
    interviews: Interviews = app.extensions["interviews"]
    room = over(interviews)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Over(f"http://127.0.0.1:{server.server_port}", settings, room)
    server.shutdown()
    thread.join(10)
    interviews.close()


def focused(page: Page, property_: str) -> str:
    return str(page.evaluate(f"document.activeElement.{property_} ?? ''"))


def tab_to(page: Page, property_: str, value: str) -> None:
    """Tab until what has the focus has that property."""
    for _ in range(200):
        if focused(page, property_) == value:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{property_} {value} is not reached by Tab")


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_blind_by_keyboard_then_compared_overridden_signed_and_exported(finished: Over, open_page: Open) -> None:
    ada = open_page(finished.link("Ada"))
    ada.goto(f"{finished.base}/scorecard")
    expect(ada.get_by_text("Your own judgement first")).to_be_visible()
    assert ada.url.endswith("/rate") and "requirement_coverage" not in ada.content()
    expect(ada.get_by_role("heading", name="Ask the candidate about their code")).to_be_visible()
    shot(ada, "rate")
    tab_to(ada, "name", "level-q-why")
    ada.keyboard.press("ArrowLeft")
    for at, name in enumerate(DIMENSIONS):
        tab_to(ada, "name", f"level-{name}")
        ada.keyboard.press("Space")
        for _ in range(at % 5):
            ada.keyboard.press("ArrowDown")
        ada.keyboard.press("Tab")
        assert focused(ada, "name") == f"reason-{name}"
        ada.keyboard.type(SECRETLY)
    tab_to(ada, "textContent", "Record my rating and see the score")
    ada.keyboard.press("Enter")
    expect(ada.get_by_role("heading", name="People and the rubric")).to_be_visible()
    (rating,) = [one for one in judged(finished.room) if isinstance(one, e.RatingRecorded)]
    assert rating.blind and [one.level for one in rating.ratings] == [at % 5 + 1 for at in range(len(DIMENSIONS))]
    heard = [one for one in judged(finished.room) if isinstance(one, e.ExplanationRated)]
    assert [(one.question, one.level) for one in heard] == [("why", 5)]
    for name in DIMENSIONS:
        expect(ada.locator(f"#people-{name} .difference")).to_have_count(1)

    # A second rater, on a phone, in the dark.
    bo = open_page(finished.link("Bo"), width=360, height=800, scheme="dark")
    for place in ("scorecard", "replay", "watch", "rate"):
        bo.goto(f"{finished.base}/{place}")
        assert SECRETLY not in bo.content()
    assert fits(bo)
    shot(bo, "rate-360-dark")

    proposed = load("standard").dimensions[1].id
    ada.locator(f"#people-{proposed} summary").last.focus()
    ada.keyboard.press("Enter")
    ada.keyboard.press("Tab")
    ada.keyboard.press("Space")
    ada.keyboard.press("ArrowRight")
    tab_to(ada, "name", "reason")
    ada.keyboard.type("I heard a doubt that was never typed.")
    ada.keyboard.press("Tab")
    ada.keyboard.press("Enter")
    expect(ada.locator(f"#people-{proposed} .final")).to_contain_text("level 2 of 5")
    tab_to(ada, "textContent", "Sign as Ada")
    ada.keyboard.press("Enter")
    expect(ada.get_by_text("Signed by Ada.", exact=False).first).to_be_visible()
    shot(ada, "compared")
    with ada.expect_download() as download:
        ada.get_by_role("link", name="JSON").click()
    card = json.loads(Path(download.value.path()).read_text("utf-8"))
    final = {one["dimension"]: one for one in card["final"]}
    assert (final[proposed]["by"], final[proposed]["level"]) == ("overridden", 2)
    assert {one["by"] for name, one in final.items() if name != proposed} == {"signed"}
    assert [(one["rater"], one["blind"]) for one in card["ratings"]] == [("Ada", True)]
    narrow = open_page(finished.link("Ada"), width=360, height=800)
    narrow.goto(f"{finished.base}/scorecard")
    assert fits(narrow)
    shot(narrow, "compared-360")
