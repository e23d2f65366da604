"""``pairsight judge``: a model is asked what it makes of an interview, and what it says is put into the log.

Owns its words, asking several at once, and where the answers go. Invariant: nobody is asked where the candidate was not told of it;
what the log holds already is not asked again; whatever was answered is kept, also where asking breaks off. Leaves out what is asked
and what counts (``rubrics.judging``) and how a service is asked (``assistant.judges``).
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import click

from assistant import judging
from assistant.judging import Judge, Told
from assistant.prices import cost_microusd
from commands.choosing import rubric_option
from interviews import events as e
from interviews.chain import genesis, seal
from interviews.chain import verify as verify_chain
from interviews.errors import BadInput, LeaseHeld, PlatformFailure
from interviews.log import Draft
from interviews.ndjson import read_view, write_log
from interviews.processes import process_name
from interviews.settings import Settings, read_settings
from rubrics import rubric as rubric_files
from rubrics.base import LogView, Scorecard
from rubrics.judging.prompt import Plan, Request, plan
from rubrics.judging.record import Bill, Heard, known, recorded, said
from rubrics.scoring import score
from wiring import load, now_ms, open_log, require_database

AT_ONCE = 4
BEAT_S = 1.0  # how often a lease is renewed while answers are awaited, a third of its term at most
TOO_MANY = "It was not asked: that would have been more calls than are allowed (PAIRSIGHT_JUDGE_CALLS)."
Place = tuple[str, int]


@click.command("judge")
@click.argument("log", metavar="LOG|ID")
@rubric_option("Whose questions.", "rubric_id")
@click.option("--model", metavar="NAME", help="Who is asked; else PAIRSIGHT_JUDGE_MODEL or the judge's own choice.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="For a log file: where the log with the answers goes.",
)
@click.option("--told", is_flag=True, help="The candidate was told by other means that a model judges.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, with --json every byte, and ask nobody.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; progress goes to stderr.")
def judge_command(
    log: str, rubric_id: str, model: str | None, out: Path | None, told: bool, dry_run: bool, as_json: bool
) -> None:
    """Ask a model what it makes of an interview, and put its answers into the log, where a score finds them.

    What was answered once is not asked again. A score needs no network afterwards.

    \b
    Example: pairsight judge 3f2a --dry-run
             pairsight judge 3f2a
             pairsight judge interview.ndjson --out judged.ndjson --json
    """
    settings = read_settings(os.environ)
    if not settings.judge:
        raise BadInput(
            "Expected PAIRSIGHT_JUDGE to name one of the judges %(names)s, got nothing: no model judges here",
            names=", ".join(judging.names()),
        )
    judge = judging.get(settings.judge)
    wanted = model or settings.judge_model or judge.model
    is_file = Path(log).is_file()
    if is_file and out is None and not dry_run:
        raise BadInput("Expected --out with a file for the log and the answers: %(path)s stays as it is", path=log)
    if not is_file and out is not None:
        raise BadInput("Expected --out with a log file only: the answers about %(id)s go into its own log", id=log)
    case = _Case.of(log, rubric_files.find(rubric_id), wanted)
    if dry_run:
        _tell_plan(case, as_json)
        return
    _require_told(case.header, settings.judge, told)
    if why := judge.check(wanted):
        raise PlatformFailure("The judge cannot be asked: %(why)s", why=why)
    if out is None:
        with _lease(settings, log) as (beat, append):
            case = _Case.of(log, case.plan.rubric, wanted)
            _judge(case, judge, settings, as_json, beat, append)
    else:
        # First as it is: a file that cannot be written is told before anything is paid for.
        _write(out, case)
        try:
            _judge(case, judge, settings, as_json, lambda: None, case.sealed)
        finally:
            _write(out, case)


@dataclass
class _Case:
    """An interview, and what is asked of it."""

    header: e.Header
    records: list[e.Record]
    plan: Plan

    @classmethod
    def of(cls, log: str, rubric: rubric_files.Rubric, model: str) -> _Case:
        """Raises as ``load``, ``verify_chain`` and ``plan``."""
        header, records = load(log)
        verify_chain(header, records)
        if Path(log).is_file():
            with Path(log).open(encoding="utf-8") as lines:
                if (view := read_view(lines)) != "interviewer":
                    raise BadInput("Expected a whole log, got a copy in the view of the %(view)s", view=view)
        return cls(header, records, plan(LogView.of(header, records), rubric, model))

    @property
    def view(self) -> LogView:
        """As it is now."""
        return LogView.of(self.header, self.records)

    @property
    def end(self) -> int:
        """The seq of the event with which the work was handed in."""
        return next(record.seq for record in self.records if record.type == "interview.submitted")

    def sealed(self, draft: Draft) -> e.Record:
        """The draft as the next record of a log file."""
        last = self.records[-1]
        record, _ = seal(
            last.hash if self.records else genesis(self.header), seq=last.seq + 1, at_ms=max(now_ms(), last.at_ms),
            actor=draft.actor, cause=draft.cause, data=draft.data, salt=secrets.token_hex(16),
        )  # fmt: skip
        return record


def _require_told(header: e.Header, service: str, told: bool) -> None:
    if header.settings.judge != service and not told:
        raise BadInput(
            "The candidate of this interview was not told that a model may judge (PAIRSIGHT_JUDGE was not set as it was made), and "
            "their words stay here; --told says that they were told by other means"
        )


@contextmanager
def _lease(settings: Settings, interview: str) -> Iterator[tuple[Callable[[], None], Callable[[Draft], e.Record]]]:
    """The right to write that interview: how it is kept while answers are awaited, and what appends under it."""
    require_database(settings, interview)
    kept = open_log(settings)
    try:
        lease = kept.acquire(interview, process_name(secrets.token_hex(4)), settings.lease_s)
    except LeaseHeld:
        raise LeaseHeld("A server leads the interview %(id)s: stop the server first", id=interview) from None
    try:
        yield lambda: _renewed(kept.renew([lease])), lambda draft: kept.append(interview, [draft], lease=lease)[0]
    finally:
        kept.release(lease)


def _renewed(lost: Sequence[object]) -> None:
    """A lease that is lost shows when something is appended; until then answers may still come."""


def _judge(
    case: _Case, judge: Judge, settings: Settings, as_json: bool, beat: Callable[[], None],
    append: Callable[[Draft], e.Record],
) -> None:  # fmt: skip
    heard = known(case.view, case.plan)
    before = len(heard)
    missing = [one for one in case.plan.requests() if (one.dimension, one.number) not in heard]
    asking = _Asking(judge, case.plan.model, settings.judge_calls, beat, min(BEAT_S, settings.lease_s / 3))
    seq: int | None = None
    if missing:
        try:
            asking.all(missing)
        finally:
            # Also after Ctrl+C: what was answered has been paid for.
            # An outage is told where there is nothing else, and takes no earlier word away.
            answered = any(not one.failed for one in asking.heard.values())
            if answered or (asking.heard and not said(case.view, case.plan.rubric)):
                made = recorded(case.plan, heard | asking.heard, settings.judge, asking.bill)
                case.records.append(append(Draft("system", made, cause=case.end)))
                seq = case.records[-1].seq
    card = score(case.view, case.plan.rubric)
    _tell(card, seq, before, asking, case, as_json)
    failed = [one.failed for one in asking.heard.values()]
    if failed and all(failed) and not before:
        raise PlatformFailure("No answer came: %(why)s It stands in the log as none", why=failed[0])


@dataclass
class _Asking:
    """Requests under way, and what came of them."""

    judge: Judge
    model: str
    most: int
    beat: Callable[[], None]
    beat_s: float
    heard: dict[Place, Heard] = field(default_factory=dict)
    bill: Bill = field(default_factory=Bill)

    def all(self, requests: Sequence[Request]) -> None:
        """Ask them, dimension by dimension; what cannot be answered at all is asked once."""
        left = self.most
        lasting = ""
        whole = [list(group) for _, group in groupby(requests, key=lambda one: one.dimension)]
        with (
            ThreadPoolExecutor(AT_ONCE) as pool,
            click.progressbar(length=len(requests), label="Asking", file=sys.stderr) as bar,
        ):
            for group in whole:
                # A dimension is asked as often as the rubric says or not at all: a few answers would only abstain.
                if lasting or len(group) > left:
                    self._fill(group, lasting or TOO_MANY)
                    bar.update(len(group))
                    continue
                left -= len(group)
                # The first one alone, so that the service keeps what the others begin with.
                for wave in (group[:1], group[1:]):
                    lasting = lasting or self._wave(pool, wave, bar.update)
                    self._fill(wave, lasting)

    def _wave(self, pool: ThreadPoolExecutor, wave: Sequence[Request], step: Callable[[int], None]) -> str:
        """Ask them at once; returns why nothing more can be asked, if so."""
        under_way: dict[Future[Told], Request] = {pool.submit(self.judge.ask, one, self.model): one for one in wave}
        pending, lasting = set(under_way), ""
        try:
            while pending:
                done, pending = wait(pending, timeout=self.beat_s)
                self.beat()
                for future in done:
                    if not future.cancelled():
                        lasting = lasting or self._take(under_way[future], future.result())
                    step(1)
                if lasting:
                    for future in pending:
                        future.cancel()
        finally:
            for future in pending:
                future.cancel()
        return lasting

    def _take(self, request: Request, told: Told) -> str:
        self.heard[request.dimension, request.number] = Heard(told.given, told.failed, told.unanswered)
        sum_ = {name: getattr(self.bill.usage, name) + getattr(told.usage, name) for name in e.Usage.model_fields}
        cost = cost_microusd(self.model, told.usage)
        spent = None if cost is None or self.bill.cost_microusd is None else self.bill.cost_microusd + cost
        self.bill = Bill(self.bill.calls + 1, e.Usage.model_validate(sum_), spent)
        return told.failed if told.lasts else ""

    def _fill(self, requests: Sequence[Request], why: str) -> None:
        for one in requests:
            if why:
                self.heard.setdefault((one.dimension, one.number), Heard(failed=why, unanswered=True))


def _write(out: Path, case: _Case) -> None:
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            write_log(file, case.header, case.records)
    except OSError as error:
        raise BadInput("Expected to write %(path)s, got: %(why)s", path=out, why=error.strerror) from None


def _tell_plan(case: _Case, as_json: bool) -> None:
    if as_json:
        sent: list[Mapping[str, object]] = [
            {
                "dimension": one.dimension, "number": one.number, "system": one.system, "tool": one.tool,
                "messages": [{"role": "user", "content": [one.material, one.options]}],
            }
            for one in case.plan.requests()
        ]  # fmt: skip
        click.echo(json.dumps({"key": case.plan.key, "model": case.plan.model, "requests": sent}, ensure_ascii=False))
        return
    for question in case.plan.questions:
        calls = len(question.requests(case.plan.key))
        click.echo(
            f"{question.dimension.id}: {calls} calls of {len(question.material)} characters, "
            f"with {len(question.passages)} pieces of the record"
        )
    click.echo(f"To {case.plan.model}, under the key {case.plan.key}. Nobody was asked.")


def _tell(card: Scorecard, seq: int | None, before: int, asking: _Asking, case: _Case, as_json: bool) -> None:
    scores = {one.id: one.judge for one in card.dimensions if one.judge is not None}
    if as_json:
        told = {
            "key": case.plan.key, "event": seq, "known": before, "calls": asking.bill.calls,
            "usage": asking.bill.usage.model_dump(), "cost_microusd": asking.bill.cost_microusd,
            "dimensions": {name: one.model_dump(mode="json") for name, one in scores.items()},
        }  # fmt: skip
        click.echo(json.dumps(told))
        return
    for name, one in scores.items():
        click.echo(
            f"{name}: {'no level' if one.level is None else f'level {one.level}'}. {one.reason} Effect {one.effect:+.4f}"
        )
    if not case.plan.requests():
        click.echo("There was nothing to ask about: the candidate said nothing that the rubric's questions are of.")
        return
    if seq is None:
        click.echo(f"All {before} answers were in the log already: nobody was asked.")
        return
    cost = asking.bill.cost_microusd
    price = "at a price that is not known" if cost is None else f"for about {cost / 1_000_000:.4f} US dollars"
    click.echo(f"{asking.bill.calls} calls {price}; event {seq}.")
