"""The parts of the product as the settings name them: log, interviews, keys, links.

Owns that wiring; clock, ids and randomness enter here. Invariant: what is chosen for an interview that is made from now on is
checked before anything of it is recorded. Leaves out the web (``app``) and what is done with the parts (``commands``).
"""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import assistant.judging
import assistant.registry
import interviews.exercises
import sandbox.registry
from assistant.base import Limits
from assistant.prices import cost_microusd
from interviews import events as e
from interviews.baseline import Baseline
from interviews.chain import checked
from interviews.errors import BadInput, NotFound
from interviews.log import random_salts
from interviews.ndjson import read_log, stream_log
from interviews.processes import has_ended, process_name
from interviews.scorecards import Kept
from interviews.service.interview import Tools
from interviews.service.registry import Interviews
from interviews.service.terms import models, require_terms
from interviews.settings import Settings, read_settings
from interviews.store import Baselines, Observer, Scorecards, SqlLog, backup, open_engine
from interviews.times import steady
from rubrics import rubric as rubric_files
from rubrics.base import LogView, Scorecard
from rubrics.scoring import score
from sandbox.pool import Pool
from web import auth

ROOT = Path(__file__).resolve().parent

# Unix milliseconds, for all that this process does.
now_ms = steady()


def score_records(
    header: e.Header, records: Iterable[e.Record], rubric: rubric_files.Rubric | None = None
) -> Scorecard:
    """The scorecard of a log, by the standard rubric where none is named. Raises ``LogCorrupt`` for one whose chain does not hold.

    Records that ``opened`` gave are checked as they come: score those as they are.
    """
    return score(LogView.of(header, checked(header, records)), rubric or rubric_files.load("standard"))


def open_log(settings: Settings, on_commit: Observer = lambda *_: None) -> SqlLog:
    """The log in the database that the settings name."""
    settings.data.mkdir(parents=True, exist_ok=True)
    return SqlLog(open_engine(settings.database_url), now_ms, random_salts(), ended=has_ended, on_commit=on_commit)


def make_interviews(settings: Settings, log: SqlLog | None = None) -> Interviews:
    """The interviews of this process, with the real sandbox, assistant and rubric, in ``log`` or the one that the settings name."""

    @cache
    def choose() -> tuple[Pool, tuple[str, ...]]:
        backend, probes = sandbox.registry.choose(settings.sandbox)
        pool = Pool(backend, warm=settings.warm, most=settings.sandboxes, queue=settings.queue)
        return pool, dict(probes)[backend.name].weaker

    choosing = threading.Lock()

    def chosen() -> tuple[Pool, tuple[str, ...]]:
        with choosing:
            return choose()

    rubric = rubric_files.find(settings.rubric)
    tools = Tools(
        clock=now_ms, new_id=lambda: secrets.token_hex(8), sleep=time.sleep, pace=settings.pace,
        backend=lambda: chosen()[0], weaker=lambda: chosen()[1], provider=assistant.registry.get,
        score=lambda header, records: score_records(header, records, rubric).model_dump(mode="json"),
        limits=Limits(first_token_s=settings.first_token_s, effort=settings.effort), cost=cost_microusd,
        baseline=baseline_of(settings),
    )  # fmt: skip
    return Interviews(log or open_log(settings), tools, process_name(secrets.token_hex(4)), settings.lease_s)


def open_baselines(settings: Settings) -> Baselines:
    """What assistants reached alone, in the database that the settings name."""
    settings.data.mkdir(parents=True, exist_ok=True)
    return Baselines(open_engine(settings.database_url))


def known_baselines(settings: Settings) -> list[Baseline]:
    """Every baseline; none where there is no database yet, and none is made."""
    if not settings.database and not (settings.data / "pairsight.db").is_file():
        return []
    return open_baselines(settings).all()


def other_rubrics(settings: Settings) -> Callable[[str], list[Kept]]:
    """The scorecards that an interview was given under other rubrics, by its id."""

    @cache
    def kept() -> Scorecards:
        return Scorecards(open_engine(settings.database_url))

    return lambda interview: kept().of(interview)


def baseline_of(settings: Settings) -> Callable[[e.Header], e.Json | None]:
    """What the assistant of an interview has reached alone (``Baseline.result``); None where nobody tried."""

    @cache
    def kept() -> Baselines:
        return open_baselines(settings)

    def find(header: e.Header) -> e.Json | None:
        chosen = header.settings
        model = next(iter(models(chosen, assistant.registry.get(chosen.provider))), "")
        found = kept().find(header.exercise.id, header.exercise.sha256, chosen.provider, model)
        return None if found is None else found.result()

    return find


def secret_file(settings: Settings) -> Path:
    """Where the key that signs links and sessions is kept."""
    return settings.secret_file or settings.data / backup.KEY


def secret_key(settings: Settings) -> str:
    """The key that signs links and sessions, made once and readable by its owner only. Raises ``BadInput`` for an empty file."""
    path = secret_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Whole before it has its name: of two servers that begin at once, neither reads half a key.
        descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
            with suppress(FileExistsError):
                os.link(fresh, path)
        finally:
            os.unlink(fresh)
    if key := path.read_text("ascii").strip():
        return key
    raise BadInput("Expected a key in %(path)s, got an empty file; remove it to have one made", path=path)


def invitation(settings: Settings, address: str, interview: str, role: e.Role, rater: str = "") -> str:
    """The link that opens one role in one interview; ``rater`` is the name of an interviewer, as ``read_name`` gives it."""
    link = auth.Link(interview, role, now_ms() + int(settings.link_days * 86_400_000), rater)
    return f"{address}/join/{auth.sign_link(secret_key(settings), link)}"


def interview_settings(settings: Settings) -> e.InterviewSettings:
    """What the settings choose for an interview that is made now. Raises ``NotFound`` for an unknown exercise, ``BadInput`` as
    ``require_terms``."""
    model = settings.model or next(iter(settings.models), "")
    exercise = interviews.exercises.load(settings.exercise)
    review = exercise.spec.review_minutes if settings.review_minutes is None else settings.review_minutes
    made = e.InterviewSettings(
        minutes=settings.minutes or exercise.spec.minutes,
        review_minutes=review if exercise.review is not None else 0,
        grace_s=settings.grace_s,
        provider=settings.provider,
        model=model,
        models=tuple(sorted(settings.models, key=lambda name: name != model)),
        mode=settings.mode,
        brief_shared=settings.share_brief,
        tree_shared=settings.share_tree,
        budget_tokens=settings.budget_tokens,
        budget_cents=settings.budget_cents,
        co_edit=settings.co_edit,
        # Who may only talk has nothing to hand over.
        delegation=settings.delegation and settings.mode != "chat",
        judge=settings.judge,
    )
    if settings.judge:
        assistant.judging.get(settings.judge)
    require_terms(made, assistant.registry.get(settings.provider), cost_microusd)
    return made


def demo_interview(settings: Settings, found: Interviews) -> tuple[str, str]:
    """Ids of the interview to open and of the newest one that is over (or ""): a new one where all are over."""
    over = ""
    for header in found.log.interviews():
        if not any(record.type == "interview.submitted" for record in found.log.read(header.id)):
            return header.id, over
        over = over or header.id
    return found.create(
        settings.exercise, "Demo candidate", interview_settings(settings), secrets.randbelow(1 << 31)
    ), over


def load(log_or_id: str) -> tuple[e.Header, list[e.Record]]:
    """The log in that file, or of that interview, whether or not its chain holds: whoever scores it takes ``opened``.

    Raises ``NotFound``, and as ``read_log``.
    """
    path = Path(log_or_id)
    if path.is_file():
        with path.open(encoding="utf-8") as lines:
            return read_log(lines)
    settings = read_settings(os.environ)
    require_database(settings, log_or_id)
    log = open_log(settings)
    return log.header(log_or_id), log.read(log_or_id)


@contextmanager
def opened(log_or_id: str) -> Iterator[tuple[e.Header, Iterator[e.Record]]]:
    """As ``load``, record by record, and none without its chain. Raises ``LogCorrupt`` at the first that does not follow."""
    path = Path(log_or_id)
    if path.is_file():
        with path.open(encoding="utf-8") as lines:
            header, records = stream_log(lines)
            yield header, checked(header, records)
        return
    settings = read_settings(os.environ)
    require_database(settings, log_or_id)
    kept = Scorecards(open_engine(settings.database_url))
    header = kept.header(log_or_id)
    yield header, kept.records(header)


def require_database(settings: Settings, named: str) -> None:
    """Raise ``NotFound`` where there is no database that ``named`` could be in."""
    if not settings.database and not (settings.data / "pairsight.db").is_file():
        raise NotFound(
            "Expected a log file or an interview's id, got %(got)s: there is no such file and no database", got=named
        )
