"""Every route, asked by its own people, by others who are invited elsewhere, and by strangers."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app, invitation
from interviews import events as e
from interviews.errors import BadInput
from interviews.service.registry import Interviews
from interviews.settings import Settings
from web import auth
from wiring import secret_key


@pytest.fixture(scope="module")
def interview(interviews: Interviews) -> str:
    return interviews.create("prompted-playlists", "Ada", e.InterviewSettings(), 7)


@pytest.fixture(scope="module")
def other(interviews: Interviews) -> str:
    return interviews.create("prompted-playlists", "Bob", e.InterviewSettings(), 7)


def caller(app: Flask, settings: Settings, interview: str, role: e.Role | None) -> FlaskClient:
    """A browser that opened the invitation of that role, or none."""
    client = app.test_client()
    if role is not None:
        link = invitation(settings, "", interview, role)
        assert client.get(link).status_code == 302
    return client


OWN: dict[str, tuple[str, ...]] = {
    "candidate": ("consent", "practice", "wait", "work", "debrief", "withdraw"),
    "interviewer": ("watch", "replay", "scorecard", "rate", "export.log"),
}
API: dict[str, tuple[str, ...]] = {"candidate": ("events", "state"), "interviewer": ("events", "state")}


def paths(interview: str, role: str) -> list[str]:
    pages = [f"/interviews/{interview}/{name}" for name in OWN[role]]
    return pages + [f"/api/interviews/{interview}/{role}/{name}" for name in API[role]]


@pytest.mark.parametrize("role", ["candidate", "interviewer"])
def test_a_route_opens_to_its_own_role_only(
    app: Flask, settings: Settings, interview: str, other: str, role: e.Role
) -> None:
    opposite: e.Role = "interviewer" if role == "candidate" else "candidate"
    owner = caller(app, settings, interview, role)
    refused = {
        "teammate with the other role": caller(app, settings, interview, opposite),
        "same role elsewhere": caller(app, settings, other, role),
        "stranger": caller(app, settings, interview, None),
    }
    for path in paths(interview, role):
        assert owner.get(path).status_code in (200, 302), path
        for who, client in refused.items():
            answer = client.get(path)
            assert answer.status_code == 403, f"{who} at {path}"
            assert interview not in answer.get_data(as_text=True).replace(path, "")


def test_every_route_was_opened_on_purpose(app: Flask) -> None:
    everyone = {"static", "pages.index", "pages.join", "pages.theme", "healthz", "live", "figures"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint in everyone:
            continue
        opened = getattr(app.view_functions[rule.endpoint], "opened_to", None)
        assert opened in ("candidate", "interviewer", "named"), rule
        assert "interview" in rule.arguments, rule


def test_a_route_that_nobody_opened_is_closed(settings: Settings) -> None:
    app = create_app(settings)
    app.add_url_rule("/forgotten", view_func=lambda: "secret")
    assert app.test_client().get("/forgotten").status_code == 403


@pytest.mark.parametrize("token", ["x", "", "a.b.c", "%00", "é", "WyJ4IiwiY2FuZGlkYXRlIiw5OTk5OTk5OTk5OTk5XQ.abc"])
def test_a_wrong_link_is_told_in_words(app: Flask, token: str) -> None:
    answer = app.test_client().get(f"/join/{token}")
    assert answer.status_code in (403, 404)
    text = answer.get_data(as_text=True)
    assert "Traceback" not in text and "link" in text.lower()


def test_an_expired_link_is_told_and_opens_nothing(app: Flask, settings: Settings, interview: str) -> None:
    token = auth.sign_link(app.config["SECRET_KEY"], auth.Link(interview, "candidate", 1))
    client = app.test_client()
    answer = client.get(f"/join/{token}")
    assert answer.status_code == 403 and "expired" in answer.get_data(as_text=True)
    assert client.get(f"/interviews/{interview}/consent").status_code == 403


def test_a_link_signed_by_another_key_opens_nothing(app: Flask, interview: str) -> None:
    token = auth.sign_link("another key", auth.Link(interview, "candidate", 1 << 50))
    assert app.test_client().get(f"/join/{token}").status_code == 403


def test_one_browser_may_hold_both_roles(app: Flask, settings: Settings, interview: str) -> None:
    client = caller(app, settings, interview, "candidate")
    client.get(invitation(settings, "", interview, "interviewer"))
    for role in ("candidate", "interviewer"):
        assert client.get(f"/api/interviews/{interview}/{role}/state").status_code == 200


def test_a_post_from_another_site_is_refused(app: Flask, settings: Settings, interview: str) -> None:
    client = caller(app, settings, interview, "candidate")
    path = f"/interviews/{interview}/consent"
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert client.post(path, data={"agreed": "yes"}, headers=headers).status_code == 403
    state = client.get(f"/api/interviews/{interview}/candidate/state").get_json()
    assert state["status"] == "invited"


def test_consent_needs_the_box_ticked(app: Flask, settings: Settings, interview: str) -> None:
    client = caller(app, settings, interview, "candidate")
    assert client.post(f"/interviews/{interview}/consent", data={}).status_code == 302
    assert client.get(f"/api/interviews/{interview}/candidate/state").get_json()["status"] == "invited"


def test_every_answer_carries_a_strict_policy(app: Flask) -> None:
    for path in ("/", "/join/x", "/nowhere", "/static/nothing.js"):
        policy = app.test_client().get(path).headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'self'" in policy and "*" not in policy


def test_the_consent_page_keeps_its_promises_in_words(app: Flask, settings: Settings, interview: str) -> None:
    text = caller(app, settings, interview, "candidate").get(f"/interviews/{interview}/consent").get_data(as_text=True)
    for promise in ("all, some or none", "placed on purpose", "never deceive", "Every prompt and reply"):
        assert promise in text.replace("&#39;", "'")


def test_a_score_before_the_end_and_an_unknown_export_are_told(app: Flask, settings: Settings, interview: str) -> None:
    client = caller(app, settings, interview, "interviewer")
    early = client.get(f"/api/interviews/{interview}/interviewer/scorecard")
    assert early.status_code == 403 and "submitted" in early.get_json()["error"]
    unknown = client.get(f"/interviews/{interview}/export.xls")
    assert unknown.status_code in (400, 404) and "csv" in unknown.get_data(as_text=True)


@pytest.mark.parametrize("since", ["x", "-1", "1e3", "9" * 40])
def test_an_event_number_that_is_none_is_told(app: Flask, settings: Settings, interview: str, since: str) -> None:
    client = caller(app, settings, interview, "candidate")
    answer = client.get(f"/api/interviews/{interview}/candidate/events?since={since}")
    assert answer.status_code == 400 and "number of an event" in answer.get_json()["error"]


def test_an_empty_file_is_no_secret_key(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert len({secret_key(settings), secret_key(settings)}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    (tmp_path / "secret_key").write_text("\n")
    with pytest.raises(BadInput, match="an empty file"):
        secret_key(settings)


def test_the_secret_key_is_kept_from_others(app: Flask, settings: Settings) -> None:
    assert (Path(settings.data) / "secret_key").stat().st_mode & 0o077 == 0
