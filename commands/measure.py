"""``pairsight measure``: what a text measure says of texts in a file.

Owns reading and writing lines. Invariant: a line in gives a line out in the same order, one at a time, so that a file of any size
can be read; what does not fit is named by its line, and then nothing is left where the result was to be. Leaves out what a measure
does (``rubrics.measures``).
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from interviews.errors import BadInput
from rubrics.measures.base import Measure, kind
from rubrics.measures.registry import get

# A line beyond it is no text that anybody wrote in an interview.
MAX_LINE = 16 << 20


@click.command("measure")
@click.argument("name", metavar="NAME")
@click.option(
    "--in", "source", type=click.Path(path_type=Path), required=True, metavar="FILE", help="JSON lines to read."
)
@click.option(
    "--out", "target", type=click.Path(path_type=Path), required=True, metavar="FILE", help="JSON lines to write."
)
def measure_command(name: str, source: Path, target: Path) -> None:
    """Measure texts: one JSON object a line in, one a line out.

    NAME is coverage, follow-up, specificity or grounding; docs/measures.md tells their fields.

    \b
    Example: pairsight measure specificity --in reviews.jsonl --out scores.jsonl
    """
    measure = get(name)
    try:
        with source.open("rb") as lines:
            count = _write(target, measure, source.name, lines)
    except OSError as error:
        raise BadInput(
            "Expected a file to read and one to write, got %(file)s: %(why)s",
            file=source if error.filename == str(source) else target,
            why=error.strerror,
        ) from None
    click.echo(f"{count} lines written to {target}", err=True)


def _write(target: Path, measure: Measure, name: str, lines: IO[bytes]) -> int:
    """All results, under their name only once they are all there; whoever reads it never meets half a file."""
    if target.exists() and not target.is_file():
        # A pipe or a terminal: written as it comes.
        with target.open("w", encoding="utf-8") as pipe:
            return _run(measure, name, lines, pipe)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=target.absolute().parent, prefix=".measure-", delete=False
    ) as out:
        try:
            count = _run(measure, name, lines, out)
        except BaseException:
            Path(out.name).unlink()
            raise
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(out.name, 0o666 & ~umask)
    os.replace(out.name, target)
    return count


def _run(measure: Measure, name: str, lines: IO[bytes], out: IO[str]) -> int:
    count = 0
    for number, line in _lines(name, lines):
        try:
            result = measure.run(_record(line, measure))
        except BadInput as error:
            raise BadInput("Line %(line)d of %(name)s: %(error)s", line=number, name=name, error=error) from None
        out.write(json.dumps(result, ensure_ascii=True) + "\n")
        count += 1
    return count


def _lines(name: str, lines: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := lines.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise BadInput(
                "Line %(line)d of %(name)s: Expected at most %(most)d bytes, got more",
                line=number,
                name=name,
                most=MAX_LINE,
            )
        if line.strip():
            yield number, line


def _record(line: bytes, measure: Measure) -> dict[str, object]:
    wanted = ", ".join(measure.fields)
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise BadInput("Expected a JSON object with %(wanted)s, got no JSON", wanted=wanted) from None
    if not isinstance(record, dict):
        raise BadInput("Expected a JSON object with %(wanted)s, got %(got)s", wanted=wanted, got=kind(record, True))
    return record
