"""``pairsight rubric``: which rubrics there are, and whether one is what it must be.

Owns their words. Invariant: exit code 0 only where a rubric would be taken as it is; what is wrong is told with its line, all of it
at once. Leaves out the form itself (``rubrics.rubric``).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from interviews.errors import NotFound
from rubrics import rubric as rubric_files
from rubrics.rubric import Rubric


@click.group("rubric")
def rubric_group() -> None:
    """What interviews are measured by."""


@rubric_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool) -> None:
    """Say which rubrics there are.

    \b
    Example: pairsight rubric list
    """
    rows = [_row(rubric_files.load(name)) for name in rubric_files.names()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['id']}  {_said(row)}")


@rubric_group.command("check")
@click.argument("file", metavar="FILE|ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check_command(file: str, as_json: bool) -> None:
    """Check a rubric's file, or one that is shipped: its form, its signals and priors, its levels.

    \b
    Example: pairsight rubric check ours.yaml
    """
    path = rubric_files.ROOT / f"{file}.yaml" if file in rubric_files.names() else Path(file)
    if not path.is_file():
        raise NotFound(
            "Expected a rubric's file or one of the rubrics %(names)s, got %(got)s",
            names=", ".join(rubric_files.names()), got=file,
        )  # fmt: skip
    rubric, faults = rubric_files.examine(path.read_bytes())
    ok = rubric is not None and not faults
    if as_json:
        told: dict[str, Any] = _row(rubric) if rubric is not None and ok else {}
        found = [{"line": fault.line, "where": fault.where, "why": fault.why} for fault in faults]
        click.echo(json.dumps({"file": file, "ok": ok, "faults": found, "rubric": told or None}, indent=2))
    elif rubric is not None and ok:
        click.echo(f"{path.name}: {_said(_row(rubric))}")
    for fault in faults:
        click.echo(f"{path.name}, {fault}", err=True)
    if not ok:
        sys.exit(1)


def _row(rubric: Rubric) -> dict[str, Any]:
    set_from = rubric.calibration
    return {
        "id": rubric.id, "version": rubric.version, "sha256": rubric.sha256, "title": rubric.title, "about": rubric.about,
        "dimensions": {one.id: [indicator.id for indicator in one.indicators] for one in rubric.dimensions},
        "calibrated": bool(set_from and set_from.enough), "interviews": set_from.interviews if set_from else 0,
        "needed": set_from.needed if set_from else None,
    }  # fmt: skip


def _said(row: dict[str, Any]) -> str:
    indicators = sum(len(one) for one in row["dimensions"].values())
    told = "calibrated" if row["calibrated"] else "uncalibrated"
    if row["needed"]:
        told += f", by its author's word from {row['interviews']} of {row['needed']} interviews"
    return (
        f"version {row['version']}, sha256 {row['sha256'][:12]}: {row['title']} "
        f"({len(row['dimensions'])} dimensions, {indicators} indicators; {told})"
    )
