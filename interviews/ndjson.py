"""The exported form of a log: NDJSON, a header line and then one event a line.

Owns reading and writing that form. Invariant: reading what was written gives equal records, and a broken file is
named by its line. Leaves out whether the chain holds (``chain.verify``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO, cast, get_args

from pydantic import ValidationError

from interviews.collector import paused
from interviews.errors import LogCorrupt
from interviews.events import Header, Record, Role

FORMAT = "pairsight-log"
VERSION = 1


def write_log(out: IO[str], header: Header, records: Iterable[Record], view: Role = "interviewer") -> int:
    """Write header and records; returns the number of events.

    ``view`` is whose records these are, where they passed the filter (``visibility``): a candidate's copy says that it is one.
    """
    head: dict[str, object] = {"format": FORMAT, "version": VERSION}
    if view != "interviewer":
        head["view"] = view
    head["interview"] = header.model_dump(mode="json", exclude_unset=True)
    out.write(json.dumps(head, ensure_ascii=False) + "\n")
    count = 0
    for record in records:
        out.write(json.dumps(record.model_dump(mode="json"), ensure_ascii=False) + "\n")
        count += 1
    return count


def read_view(lines: IO[str]) -> Role:
    """Whose view a log is, as its first line says. Raises ``LogCorrupt`` for a view that there is not."""
    first = _first_line(lines)
    view = first.get("view", "interviewer") if isinstance(first, dict) else "interviewer"
    if view not in get_args(Role):
        raise LogCorrupt("Expected a log in the view of %(views)s, got another", views=" or ".join(get_args(Role)))
    return cast(Role, view)


def _first_line(lines: IO[str]) -> object:
    try:
        return cast(object, json.loads(lines.readline() or "null"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        return None


def read_log(lines: IO[str]) -> tuple[Header, list[Record]]:
    """Read a whole log. Raises ``LogCorrupt`` naming the first line that does not fit."""
    header, records = stream_log(lines)
    with paused():
        return header, list(records)


def stream_log(lines: IO[str]) -> tuple[Header, Iterator[Record]]:
    """As ``read_log``, record by record: none is kept. Raises as soon as it meets a line that does not fit."""
    first = _first_line(lines)
    if not isinstance(first, dict) or first.get("format") != FORMAT:
        raise LogCorrupt("Expected a log that begins with a %(format)s header line, got something else", format=FORMAT)
    version = first.get("version")
    # ``true`` and ``1.0`` equal 1, and are no version.
    if type(version) is not int or version != VERSION:
        raise LogCorrupt("Expected log version %(want)d, got %(got)s", want=VERSION, got=json.dumps(version)[:40])
    try:
        header = Header.model_validate(first.get("interview"))
    except ValidationError as error:
        raise LogCorrupt("The log's header does not fit: %(why)s", why=_first(error)) from None
    return header, _records(lines)


def _records(lines: IO[str]) -> Iterator[Record]:
    read = Record.__pydantic_validator__.validate_json  # as ``model_validate_json``, which takes half as long again
    try:
        for number, line in enumerate(lines, start=2):
            try:
                yield read(line)
            except ValidationError as error:
                if line.strip():
                    raise LogCorrupt("Line %(line)d is not an event: %(why)s", line=number, why=_first(error)) from None
    except UnicodeDecodeError:
        raise LogCorrupt("Expected a log in UTF-8, got other bytes") from None


def _first(error: ValidationError) -> str:
    detail = error.errors()[0]
    where = ".".join(str(part) for part in detail["loc"])
    return f"{where}: {detail['msg']}" if where else str(detail["msg"])
