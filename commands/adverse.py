"""``pairsight adverse-impact``: whether groups of people come out well as often as others.

Owns the words, and which interviews a figure rests on. Invariant: what people are is read from a file of the caller's, held until
the answer is printed, and kept nowhere: neither in the database nor in a log nor in an error's text; an interview that is not in
that file, or whose chain does not hold, moves no figure, the median included; stored scores of several rubrics are no one scale
and are not compared, those of several exercises are, and it is said. Leaves out the arithmetic (``rubrics.people.fairness``) and
reading the files (``tables``).
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import click

from commands.saying import plain
from commands.tables import Row, Scores, read_groups, read_scores, read_share
from interviews.errors import BadInput, LogCorrupt, NotFound
from interviews.events import Json
from interviews.settings import read_settings
from interviews.store import Scorecards, open_engine
from rubrics import rubric as rubric_files
from rubrics.people import fairness
from rubrics.people.fairness import Breakdown, Impact, Person, Tally
from wiring import require_database

# What stands in a cell where somebody did not say, or was not asked.
UNKNOWN = frozenset(
    {"", "-", "?", "n/a", "na", "none", "null", "unknown", "not known", "not stated", "not disclosed", "undisclosed", "declined",
     "decline to answer", "prefer not to say", "prefer not to answer", "missing"}
)  # fmt: skip
YES, NO = (
    frozenset({"1", "true", "yes", "y", "selected"}),
    frozenset({"0", "false", "no", "n", "rejected", "not selected"}),
)
MOST_GROUPS = 40


class Source(NamedTuple):
    """A rubric or an exercise, as scorecards and headers name it: the same id and version may yet be other content."""

    id: str
    version: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.id} version {self.version} ({self.sha256[:12]})"


@dataclass(frozen=True)
class Stored:
    """Scores of stored interviews; by interview the rubric that it was scored under, and its exercise."""

    scores: Scores = field(default_factory=Scores)
    rubrics: dict[str, Source] = field(default_factory=dict)
    exercises: dict[str, Source] = field(default_factory=dict)


@click.command("adverse-impact")
@click.option(
    "--groups", type=click.Path(path_type=Path), required=True, help="CSV: an interview's id, and a column a grouping."
)
@click.option(
    "--scores", type=click.Path(path_type=Path), help="CSV of scores; those of the stored interviews otherwise."
)
@click.option("--rubric", metavar="ID|FILE", help="Of the stored interviews as `rescore` scored them under this one.")
@click.option("--dimension", "dimensions", multiple=True, metavar="ID", help="Of these dimensions only.")
@click.option(
    "--cut", metavar="SHARE", help="Well is a score from this on, 0 to 1; above the overall median otherwise."
)
@click.option(
    "--selected", metavar="COLUMN", help="A column of the groups' file that says yes or no: who was selected."
)
@click.option(
    "--by", "by", multiple=True, metavar="COLUMN[,…]", help="By these columns, together where there are several."
)
@click.option("--exclude-under-2-percent", "leave_out", is_flag=True, help="Groups that small have no ratio.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def adverse_command(
    groups: Path, scores: Path | None, rubric: str | None, dimensions: tuple[str, ...], cut: str | None, selected: str | None,
    by: tuple[str, ...], leave_out: bool, as_json: bool,
) -> None:  # fmt: skip
    """Compare how often groups of people score well, each dimension on its own.

    Of the interviews in the file of groups alone: the median, too, is theirs. Groups whose names differ only in case are one.

    The file of groups is read and kept nowhere. A ratio below four fifths is evidence of adverse impact and no proof; one above
    proves nothing either.

    \b
    Example: pairsight adverse-impact --groups people.csv
             pairsight adverse-impact --groups people.csv --scores export.csv --by sex --by sex,race --selected hired --json
    """
    people, columns = read_groups(groups)
    people = _spelled_alike(people)
    limit = None if cut is None else read_share(cut)
    if selected is not None and selected not in columns:
        raise BadInput("Expected one of the columns %(names)s, got %(got)s", names=", ".join(columns), got=selected)
    wanted = _breakdowns(by, [column for column in columns if column != selected], people)
    broken: dict[str, str] = {}
    try:
        stored = Stored(read_scores(scores)) if scores else stored_scores(rubric, broken)
    except (BadInput, NotFound):
        if selected is None or scores or rubric or dimensions:
            raise
        stored = Stored()  # who was selected can be compared without any score
    known = stored.scores
    there = {id_ for by_interview in known.values() for id_ in by_interview}
    for id_, row in people.items():
        if id_ not in there and id_ not in broken and (known or selected is None):
            raise BadInput(
                "Line %(line)d of %(file)s: expected an interview that was scored, got %(got)s",
                line=row.line,
                file=groups,
                got=id_,
            )
    for name in dimensions:
        if name not in known:
            raise BadInput("Expected one of the dimensions %(names)s, got %(got)s", names=", ".join(known), got=name)
    whole = {id_: row for id_, row in people.items() if id_ not in broken}
    one_rubric, exercises = _one_rubric(stored, whole), _counted(stored.exercises, whole)
    parts = [_part(name, known[name], limit, whole, wanted, leave_out) for name in dimensions or known]
    if selected is not None:
        chosen = {id_: _answer(row, selected, groups) for id_, row in whole.items()}
        parts.append(_told("selection", "selected", None, chosen, whole, wanted, leave_out))
    result = {
        "dimensions": parts, "not_in_groups": len(there - people.keys()),
        "skipped": [{"id": id_, "why": why} for id_, why in broken.items()], "notes": notes(parts, exercises),
        "rubric": one_rubric and one_rubric._asdict(),
        "exercises": [{**one._asdict(), "interviews": count} for one, count in exercises.items()],
    }  # fmt: skip
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        click.echo("\n".join(plain(line) for line in _lines(result)))
    for id_, why in broken.items():
        click.echo(plain(f"! {id_} was left out: {why} (pairsight verify {id_})"), err=True)


def stored_scores(rubric: str | None, broken: dict[str, str]) -> Stored:
    """The newest scorecard of each stored interview that has one: the one in its log, or the one kept under ``rubric``.

    ``broken`` takes the ids of those whose log cannot be read or whose chain does not hold, and why: whatever is kept of them, it
    is of a log that is no longer there.
    """
    sha256 = None if rubric is None else rubric_files.find(rubric).sha256
    settings = read_settings(os.environ)
    require_database(settings, "--scores")
    kept, stored = Scorecards(open_engine(settings.database_url)), Stored()
    found = stored.scores
    with click.progressbar(kept.finished(), label="Interviews", file=sys.stderr) as shown:
        for interview in shown:
            try:
                header = kept.header(interview)
                deque(kept.records(header), maxlen=0)
            except LogCorrupt as error:
                broken[interview] = str(error)
                continue
            if sha256 is None:
                card = kept.recorded(interview)
            else:
                card = next((one.scorecard for one in kept.of(interview) if one.rubric_sha256 == sha256), None)
            if card is None:
                continue
            stored.rubrics[interview] = _source(card.get("rubric"))
            stored.exercises[interview] = Source(header.exercise.id, header.exercise.version, header.exercise.sha256)
            for dimension in card.get("dimensions", ()):
                score = dimension["score"]
                found.setdefault(dimension["id"], {})[interview] = None if score is None else Fraction(str(score))
    if not found and broken:
        (interview, why), more = next(iter(broken.items())), len(broken) - 1
        raise BadInput(
            "Expected interviews that were scored, got none whose log holds: %(id)s was left out (%(why)s), and %(more)d more",
            id=interview, why=why, more=more,
        )  # fmt: skip
    if not found and sha256 is not None:
        raise BadInput(
            "Expected interviews that were scored under %(rubric)s, got none: `pairsight rescore` does so",
            rubric=rubric,
        )
    if not found:
        raise BadInput("Expected interviews that were scored, got none; or name a file with --scores")
    return stored


def _source(of: Json) -> Source:
    # What a log holds was written by some version of this program, perhaps not by this one.
    told = of if isinstance(of, dict) else {}
    id_, version, sha256 = told.get("id"), told.get("version"), told.get("sha256")
    return Source(str(id_ or "unknown"), version if isinstance(version, int) else 0, str(sha256 or ""))


def _counted(sources: Mapping[str, Source], people: Iterable[str]) -> dict[Source, int]:
    """How many of these interviews are of each, the most first."""
    found = Counter(sources[id_] for id_ in people if id_ in sources)
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _one_rubric(stored: Stored, people: Iterable[str]) -> Source | None:
    """The rubric that all of them were scored under; None where that is not known. Raises ``BadInput`` for several.

    Somebody low under one rubric may be high under another: a group that was interviewed before the rubric changed would differ
    from one that came after by nothing but that.
    """
    found = _counted(stored.rubrics, people)
    if len(found) > 1:
        raise BadInput(
            "Expected scores under one rubric, got those under %(count)d, which are not one scale: %(rubrics)s. Score all under "
            "one (`pairsight rescore --rubric ID|FILE`), then name it with --rubric",
            count=len(found), rubrics=_listed(found),
        )  # fmt: skip
    return next(iter(found), None)


def _listed(sources: Mapping[Source, int]) -> str:
    return ", ".join(f"{one} in {count}" for one, count in sources.items())


def _answer(row: Row, column: str, path: Path) -> bool | None:
    text = row.cells[column].lower()
    if text in YES or text in NO:
        return text in YES
    if text in UNKNOWN:
        return None
    raise BadInput(
        "Line %(line)d of %(file)s: expected yes or no in the column %(column)s, got something else",
        line=row.line, file=path, column=column,
    )  # fmt: skip


def _breakdowns(asked: Iterable[str], columns: list[str], people: Mapping[str, Row]) -> list[tuple[str, ...]]:
    """Each column alone, and each two together, where nothing else is asked."""
    wanted = [tuple(name.strip() for name in one.split(",")) for one in asked]
    for name in (name for one in wanted for name in one):
        if name not in columns:
            raise BadInput("Expected one of the columns %(names)s, got %(got)s", names=", ".join(columns), got=name)
    for name in {name for one in wanted for name in one} or columns:
        values = {_group(row.cells[name]) for row in people.values()}
        if len(values) > MOST_GROUPS:
            raise BadInput(
                "Expected at most %(most)d groups in a column, got %(got)d in %(column)s: name the columns with --by",
                most=MOST_GROUPS, got=len(values), column=name,
            )  # fmt: skip
    return wanted or [(name,) for name in columns] + list(combinations(columns, 2))


def _spelled_alike(people: Mapping[str, Row]) -> dict[str, Row]:
    """The same rows, each cell as it was first spelled in its column: "Female" and "female" are one group, told as the first."""
    first: dict[tuple[str, str], str] = {}
    return {
        id_: Row(
            row.line,
            {column: first.setdefault((column, _folded(cell)), cell.strip()) for column, cell in row.cells.items()},
        )
        for id_, row in people.items()
    }


def _folded(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", cell).casefold().split())


def _group(cell: str) -> str:
    return "" if _folded(cell) in UNKNOWN else cell


# What is told


def _part(
    name: str, scores: Mapping[str, Fraction | None], cut: Fraction | None, people: Mapping[str, Row],
    wanted: list[tuple[str, ...]], leave_out: bool,
) -> dict[str, Json]:  # fmt: skip
    # The sample is who is in the file: whoever is not in the table must not move the line that its rates are counted by.
    listed = {id_: score for id_, score in scores.items() if id_ in people}
    others = sum(score is not None for id_, score in scores.items() if id_ not in people)
    if cut is not None:
        return _told(name, "at_least", cut, fairness.at_least(cut, listed), people, wanted, leave_out, others)
    middle, well = fairness.above_median(listed)
    return _told(name, "above_median", middle, well, people, wanted, leave_out, others)


def _told(
    name: str, rule: str, threshold: Fraction | None, well: Mapping[str, bool | None], people: Mapping[str, Row],
    wanted: list[tuple[str, ...]], leave_out: bool, others: int = 0,
) -> dict[str, Json]:  # fmt: skip
    persons = [
        Person({column: _group(cell) for column, cell in row.cells.items()}, well.get(id_))
        for id_, row in people.items()
    ]
    known = [one.well for one in persons if one.well is not None]
    return {
        "id": name, "well": rule, "threshold": _number(threshold), "observed": len(known),
        "not_observed": len(persons) - len(known), "not_listed": others,
        "breakdowns": [_breakdown(fairness.breakdown(persons, by, leave_out_small=leave_out)) for by in wanted],
    }  # fmt: skip


def _breakdown(one: Breakdown) -> dict[str, Json]:
    return {
        "by": list(one.by),
        "groups": [_impact(one, impact) for impact in one.groups],
        "unknown": _tally(one.unknown),
    }


def _impact(of: Breakdown, one: Impact) -> dict[str, Json]:
    return {
        "group": dict(zip(of.by, one.group, strict=True)), **_tally(one.tally), "reference": one.reference,
        "impact_ratio": _number(one.ratio), "below_four_fifths": one.below, "fisher_p": _number(one.p),
        "fisher_p_adjusted": _number(one.p_adjusted), "small": one.small, "one_more_would_do": one.one_more,
        "under_2_percent": one.under_two_percent, "left_out": one.left_out,
    }  # fmt: skip


def _tally(one: Tally) -> dict[str, Json]:
    return {"n": one.n, "well": one.well, "rate": _number(one.rate), "not_observed": one.unobserved}


def _number(value: Fraction | None) -> float | None:
    """Four figures that count, whatever its size."""
    return None if value is None else float(f"{float(value):.4g}")


def notes(parts: list[dict[str, Json]], exercises: Mapping[Source, int]) -> list[str]:
    """What a reader must know of these figures."""
    groups = [group for part in parts for one in part["breakdowns"] for group in one["groups"]]
    told = [
        "A ratio below four fifths is evidence of adverse impact and no proof of it; one above proves nothing (29 CFR 1607.4(D)).",
        "Who was not observed in a dimension is in none of its rates, and is not counted as low.",
        "A score counts by its middle, however wide its interval.",
        "Fisher's p is two-sided, of a group beside the one with the highest rate; adjusted (Holm) for the number of groups.",
    ]
    if len(exercises) > 1:
        told.append(
            f"Scores are of {len(exercises)} exercises, which are not one scale: {_listed(exercises)}. "
            "Groups that were given different ones may differ by that alone."
        )
    if small := sum(group["small"] and group["impact_ratio"] is not None for group in groups):
        told.append(
            f"{small} of {len(groups)} figures rest on fewer than {fairness.SMALL} people on one side: one may turn such a ratio."
        )
    if tiny := sum(group["under_2_percent"] for group in groups):
        told.append(f"{tiny} of {len(groups)} groups are under 2 % of all, and may be excluded from the ratios.")
    return told


def _lines(result: dict[str, Json]) -> Iterator[str]:
    if (rubric := result["rubric"]) is not None:
        yield f"Scores under the rubric {Source(**rubric)}"
    rules = {"above_median": "above the median of %s", "at_least": "%s or more", "selected": "selected"}
    for part in result["dimensions"]:
        rule = rules[part["well"]]
        rule = rule % part["threshold"] if "%s" in rule else rule
        if part["well"] == "above_median":
            rule += f" (of the {part['observed']} that are in the file of groups and were observed)"
        more = f", not in the file and left out {part['not_listed']}" if part["not_listed"] else ""
        yield f"{part['id']}: {rule}; observed {part['observed']}, not observed {part['not_observed']}{more}"
        for one in part["breakdowns"]:
            yield f"  by {' × '.join(one['by'])}"
            for group in one["groups"]:
                yield f"    {' / '.join(group['group'].values())}: {_line(group)}"
            if one["unknown"]["n"] or one["unknown"]["not_observed"]:
                yield f"    (unknown): {_line(one['unknown'])}"
    if result["not_in_groups"]:
        yield f"! {result['not_in_groups']} interviews that were scored are not in the file of groups, and in no figure"
    yield from (f"! {note}" for note in result["notes"])


def _line(group: dict[str, Json]) -> str:
    rate = "nobody observed" if group["rate"] is None else f"{group['well']} of {group['n']} ({group['rate']:.0%})"
    missing = f", {group['not_observed']} not observed" if group["not_observed"] else ""
    if group.get("reference"):
        return f"{rate}{missing}; the highest rate"
    ratio = group.get("impact_ratio")
    if ratio is None:
        return rate + missing + ("; left out, under 2 % of all" if group.get("left_out") else "")
    words = f"{rate}{missing}; ratio {ratio:.2f}, p {group['fisher_p']:.3g} (adjusted {group['fisher_p_adjusted']:.3g})"
    words += "; below four fifths" if group["below_four_fifths"] else ""
    words += ", one more would lift it" if group["one_more_would_do"] else ""
    return words + ("; few people" if group["small"] else "")
