"""Commands about one interview's log: score, verify, redact, export.

Owns their words. Invariant: each takes a log file or the id of an interview, and says in one line what is wrong; no score is told
of a log whose chain does not hold, which can still be exported as it is. Leaves out what they do (``rubrics.scoring``,
``interviews.chain``, ``interviews.service.redaction``, ``rubrics.exports``).
"""

from __future__ import annotations

import io
import json
import os
import secrets
import sys
from dataclasses import asdict
from pathlib import Path
from typing import IO

import click

import rubrics.registry
from commands.choosing import rubric_option
from commands.saying import plain
from interviews import erasure, traces, visibility
from interviews import events as e
from interviews.chain import verify as verify_chain
from interviews.errors import BadInput, LeaseHeld, LogCorrupt
from interviews.ndjson import read_view
from interviews.processes import process_name
from interviews.service import redaction
from interviews.settings import read_settings
from rubrics import rubric as rubric_files
from rubrics.base import DimensionScore, IndicatorScore, LogView, Scorecard
from rubrics.scoring import score
from wiring import load, open_log, opened, require_database


@click.command("score")
@click.argument("log", metavar="LOG|ID")
@rubric_option("What it is measured by; see `pairsight rubric list`.")
@click.option("--json", "as_json", is_flag=True, help="Print the scorecard as JSON.")
def score_command(log: str, rubric: str, as_json: bool) -> None:
    """Score an interview.

    \b
    Example: pairsight score interview.ndjson --rubric ours.yaml --json
    """
    chosen = rubric_files.find(rubric)
    with opened(log) as (header, records):
        card = score(LogView.of(header, records), chosen)
    if as_json:
        rubrics.registry.export("json").write(sys.stdout, header, (), card)
        return
    for dimension in card.dimensions:
        _say(f"{dimension.id} {_placed(dimension)}: {dimension.explanation}")
        if dimension.judge is not None:
            _say(f"  a judge ({dimension.judge.model}): {dimension.judge.reason} Effect {dimension.judge.effect:+.4f}.")
        for indicator in dimension.indicators:
            _say(f"  {indicator.id} {_placed(indicator)}: {indicator.explanation}")
    if card.outcome:
        _say(f"What was handed in: {card.outcome.explanation}")
    for fact in card.shown:
        _say(f"Shown, never scored: {fact.title}: {fact.explanation}")
    for one in card.final:
        level = f"level {one.level}" if one.level else "no level"
        _say(f"Final: {one.dimension}, {level}, {one.by} by {one.rater}{': ' if one.reason else ''}{one.reason}")
    for flag in card.flags:
        _say(f"! {flag}")


def _say(line: str) -> None:
    """Reasons and names in a log are whoever's who wrote it."""
    click.echo(plain(line))


def _placed(one: DimensionScore | IndicatorScore) -> str:
    """Status, number of opportunities and interval."""
    band = "" if one.ci95 is None else f" [{one.ci95[0]:.2f}, {one.ci95[1]:.2f}]"
    return f"({one.status.replace('_', ' ')}, n={one.n}){band}"


@click.command("verify")
@click.argument("log", metavar="LOG|ID")
@click.option(
    "--head", metavar="HASH", default="", help="A head noted earlier: tells whether events are missing at the end."
)
@click.option("--strict", is_flag=True, help="Fail too where content is missing and nothing in the log tells why.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify_command(log: str, head: str, strict: bool, as_json: bool) -> None:
    """Check a log's hash chain, and why content is missing.

    \b
    Example: pairsight verify interview.ndjson
    """
    try:
        header, records = load(log)
        count, last, _ = verify_chain(header, records, head)
        view = _view(log)
        # What is here holds everything; what left was for somebody who may not read everything.
        hidden = visibility.lacking(view, visibility.withdrawn_at(records)) if Path(log).is_file() else ()
        gone = erasure.tombstones(records, hidden)
        if strict and (odd := gone.unexplained or gone.kept):
            told = "No erasure tells why event %(seq)d is empty" if gone.unexplained else _KEPT
            raise LogCorrupt(told, seq=odd[0])
    except LogCorrupt as error:
        if as_json:
            click.echo(json.dumps({"ok": False, "error": str(error), "seq": error.params.get("seq")}))
        raise
    if as_json:
        click.echo(json.dumps({"ok": True, "events": count, "head": last, "view": view, "tombstones": asdict(gone)}))
        return
    click.echo(
        f"{count} events follow from one another; {len(gone.erased)} of them erased, {len(gone.withheld)} withheld. Head {last}"
    )
    if gone.unexplained:
        click.echo(
            f"! {len(gone.unexplained)} are empty and no erasure tells why, the first is event {gone.unexplained[0]}"
        )
    if gone.kept:
        click.echo("! " + _KEPT % {"seq": gone.kept[0]})


_KEPT = "Event %(seq)d was erased, says the log, and is there again, as when a backup is put back"


def _view(log_or_id: str) -> e.Role:
    path = Path(log_or_id)
    if not path.is_file():
        return "interviewer"
    with path.open(encoding="utf-8") as lines:
        return read_view(lines)


@click.command("redact")
@click.argument("interview", metavar="ID")
@click.option(
    "--text-file", type=click.File(encoding="utf-8"), required=True, help="Holds the text to erase; - reads stdin."
)
@click.option("--reason", required=True, help="What it was, in words that everybody may read.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def redact_command(interview: str, text_file: IO[str], reason: str, dry_run: bool, as_json: bool) -> None:
    """Erase a text from an interview that no server leads, wherever it stands. Never name it on the command line.

    \b
    Example: pairsight redact 3f2a --text-file - --reason "A password, typed by mistake" --dry-run
    """
    try:
        text = text_file.read(traces.MOST * 4)
    except UnicodeDecodeError:
        raise BadInput("Expected the text to erase in UTF-8, got other bytes") from None
    asked = redaction.read_redaction(text, None, reason)
    settings = read_settings(os.environ)
    require_database(settings, interview)
    log = open_log(settings)
    found = redaction.search(log, interview, text)
    if not dry_run:
        try:
            lease = log.acquire(interview, process_name(secrets.token_hex(4)), settings.lease_s)
        except LeaseHeld:
            raise LeaseHeld(
                "A server leads the interview %(id)s: erase it on the interviewer's page, or stop the server first",
                id=interview,
            ) from None
        try:
            redaction.redact_kept(log, interview, lease, "interviewer:operator", asked)
        finally:
            log.release(lease)
    told = {"dry_run": dry_run, **asdict(found)}
    if as_json:
        click.echo(json.dumps(told))
        return
    counts = ", ".join(f"{count} {type_}" for type_, count in found.kinds.items()) or "nothing"
    click.echo(f"{'Would erase' if dry_run else 'Erased'}: {counts}, and {found.also} events that hang on them")
    for type_, count in found.stays.items():
        click.echo(
            f"! {count} {type_} hold it too and stay: they are the exercise's own words or the interview's course"
        )


@click.command("export")
@click.argument("interview", metavar="LOG|ID")
@click.option("--format", "format_", required=True, help=f"One of {', '.join(rubrics.registry.export_ids())}.")
@click.option("--terminal", default="", metavar="NAME", help="Which terminal, for asciicast: t1, t2, …")
@rubric_option("What a scorecard is by.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
def export_command(interview: str, format_: str, terminal: str, rubric: str, out: Path) -> None:
    """Write an interview's log, scorecard or terminal.

    A log whose hash chain is broken has no scorecard; it can be exported as it is.

    \b
    Example: pairsight export 3f2a --format csv --out score.csv
             pairsight export 3f2a --format asciicast --terminal t1 --out t1.cast
    """
    chosen = rubrics.registry.export(format_)
    card: Scorecard | None = None
    measured_by = rubric_files.find(rubric)
    if chosen.scored:
        with opened(interview) as (header, checked):
            records = list(checked)
        card = score(LogView.of(header, records), measured_by)
    else:
        header, records = load(interview)
    whole = io.StringIO(newline="")
    withdrawn = visibility.withdrawn_at(records)
    shown = [visibility.withhold("interviewer", record, withdrawn) for record in records]
    chosen.write(whole, header, shown, card, terminal)
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            file.write(whole.getvalue())
    except OSError as error:
        raise BadInput("Expected to write %(path)s, got: %(why)s", path=out, why=error.strerror) from None
    click.echo(f"{out}: {len(records)} events" if format_ == "log" else str(out))
