"""The command that says how far people agree with each other and with the rubric.

Owns its words and its JSON. Invariant: the same store and rubric give the same figures; an interview whose chain does not hold, or
that cannot be read, is named and in none of them; one whose clock told a time that no month has is named and in no month. Leaves
out what is compared (``rubrics.people.concord``) and the mathematics (``rubrics.people.agreement``).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import cast, get_args

import click

from commands.choosing import rubric_option
from commands.saying import plain
from interviews.errors import BadInput, LogCorrupt
from interviews.settings import read_settings
from interviews.store import Scorecards, open_engine
from rubrics import rubric as rubric_files
from rubrics.base import LogView
from rubrics.people import concord
from rubrics.people.sampling import second_wanted
from rubrics.rubric import Rubric
from rubrics.scoring import score
from wiring import require_database

BETWEEN: tuple[concord.Between, ...] = get_args(concord.Between)
TITLES = {"people": "People with each other", "rubric": "People with the rubric"}


@click.command("agreement")
@rubric_option("The rubric that scores.", "rubric_id")
@click.option(
    "--window",
    default=str(concord.WINDOW),
    show_default=True,
    metavar="N|month",
    help="Interviews in a row for drift, or month.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def agreement_command(rubric_id: str, window: str, as_json: bool) -> None:
    """Say how far people agree, with each other and with the rubric, over all stored interviews, and whether that drifts.

    \b
    Example: pairsight agreement --window month
    """
    if window != "month" and not (window.isascii() and window.isdigit() and len(window) < 7 and int(window) > 0):
        raise BadInput("Expected a number of interviews from 1 on, or month, got %(got)s", got=window[:40])
    rubric = rubric_files.find(rubric_id)
    settings = read_settings(os.environ)
    require_database(settings, "the stored interviews")
    kept = Scorecards(open_engine(settings.database_url))
    ids = kept.interviews()
    found: list[concord.Rated] = []
    waiting: list[str] = []
    broken: dict[str, str] = {}
    with click.progressbar(ids, label="Interviews", file=sys.stderr) as shown:
        for id_ in shown:
            try:
                header = kept.header(id_)
                # Checked to its end also where nobody seems to have rated: of a changed log nobody knows what stood there.
                records = list(kept.records(header))
                if not any(record.type == "rating.recorded" for record in records):
                    continue
                one = concord.rated(header.created_at_ms, score(LogView.of(header, records), rubric))
            except LogCorrupt as error:
                broken[id_] = str(error)
                continue
            if one is not None:
                found.append(one)
                if one.raters < 2 and second_wanted(id_, float(settings.second_rater)):
                    waiting.append(id_)
    size = None if window == "month" else int(window)
    undated = sorted(one.interview for one in found if size is None and concord.month(one.at_ms) is None)
    told = {
        "rubric": rubric.ref.model_dump(mode="json"),
        "interviews": len(ids),
        "scored_by_people": len(found),
        "scored_by_two": sum(1 for one in found if one.raters > 1),
        "under_another_rubric": sum(1 for one in found if one.another),
        "second_rater_asked": sorted(waiting),
        "unreadable": sorted(broken),
        "skipped": [{"id": id_, "why": why} for id_, why in sorted(broken.items())],
        "undated": undated,
        "dimensions": [
            {
                "id": dimension.id,
                **{between: _told(found, dimension.id, between, size) for between in BETWEEN},
            }
            for dimension in rubric.dimensions
        ],
    }  # fmt: skip
    click.echo(json.dumps(told)) if as_json else _print(told, rubric)
    for id_ in undated:
        click.echo(plain(f"! {id_} is in no month: the time at which it was created is in none"), err=True)
    for id_, why in sorted(broken.items()):
        click.echo(plain(f"! {id_} was left out: {why} (pairsight verify {id_})"), err=True)


def _told(
    found: Sequence[concord.Rated], dimension: str, between: concord.Between, size: int | None
) -> dict[str, object]:
    windows = concord.drift(found, dimension, between, size)
    return {
        **_figure(concord.figure(found, dimension, between)),
        "drift": [{"window": one.name, "departs": one.departs, **_figure(one.figure)} for one in windows],
    }


def _figure(one: concord.Figure) -> dict[str, object]:
    out: dict[str, object] = {
        "n": one.n, "left_out": one.left_out,
        "kappa": _number(one.kappa), "kappa_ci95": _numbers(one.kappa_ci95),
        "alpha": _number(one.alpha), "alpha_ci95": _numbers(one.alpha_ci95), "warning": one.warning,
    }  # fmt: skip
    if one.difference is not None:
        out["difference"] = _number(one.difference.mean)
        error = one.difference.error
        out["difference_error"] = None if error is None else round(float(error), 4)
    return out


def _number(value: Fraction | None) -> float | None:
    return None if value is None else round(value.numerator / value.denominator, 4)


def _numbers(pair: tuple[Fraction, Fraction] | None) -> list[float | None] | None:
    return None if pair is None else [_number(pair[0]), _number(pair[1])]


def _print(told: dict[str, object], rubric: Rubric) -> None:
    click.echo(
        f"{told['interviews']} interviews are stored; people scored {told['scored_by_people']} of them blind, "
        f"{told['scored_by_two']} by two or more. Rubric {rubric.id}, version {rubric.version}."
    )
    for between in BETWEEN:
        click.echo(f"\n{TITLES[between]}")
        for dimension in cast(list[dict[str, dict[str, object]]], told["dimensions"]):
            one = dimension[between]
            click.echo(f"  {dimension['id']}: {_words(one)}")
            for window in cast(list[dict[str, object]], one["drift"]):
                if len(cast(list[object], one["drift"])) > 1:
                    departs = "  ! departs from the others" if window["departs"] else ""
                    click.echo(f"    {window['window']}: {_words(window)}{departs}")
    if told["under_another_rubric"]:
        click.echo(
            f"! {told['under_another_rubric']} of them were rated under another rubric, or another version of this one"
        )
    for id_ in cast(list[str], told["second_rater_asked"]):
        click.echo(f"! {id_} is in the sample: a second rater is asked for (pairsight invite {id_} --rater NAME)")


def _words(one: dict[str, object]) -> str:
    parts = [f"n={one['n']}" + (f" ({one['left_out']} without a level)" if one["left_out"] else "")]
    for name in ("kappa", "alpha"):
        if one[name] is not None:
            low_high = cast("list[float] | None", one[f"{name}_ci95"])
            band = f" [{low_high[0]:.2f}, {low_high[1]:.2f}]" if low_high else ""
            parts.append(f"{name} {one[name]:.2f}{band}")
    if one.get("difference") is not None:
        error = one["difference_error"]
        parts.append(f"people − rubric {one['difference']:+.2f}" + (f" ± {error:.2f}" if error is not None else ""))
    return ", ".join(parts) + (f" ! {one['warning']}" if one["warning"] else "")
