"""The hash chain that makes a log tamper-evident and yet erasable.

Owns how a record is sealed and how a log is verified. Invariant: ``hash`` covers seq, time, actor, type, version,
cause, the previous hash and ``payload_hash = sha256(salt ‖ canonical JSON)``, so that dropping a payload together
with its salt leaves a chain that still verifies. Canonical JSON is RFC 8785. Leaves out where records are kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache

import orjson
import rfc8785

from interviews.errors import BadInput, LogCorrupt
from interviews.events import AnyPayload, Header, Json, Record, dump_payload

_sha256 = hashlib.sha256
_MAX_INT = 2**53 - 1  # the largest whole number that every reader of JSON keeps exact
_quote = json.encoder.encode_basestring  # one string, as JSON
_word = lru_cache(maxsize=512)(_quote)  # of those that there are few of


def canonical(value: Json) -> bytes:
    """RFC 8785 bytes of a JSON value. Raises ``BadInput`` for what JSON cannot carry, such as half a surrogate pair."""
    return _canonical(value)[1]


def _canonical(value: Json) -> tuple[str, bytes]:
    """Canonical JSON as text, and its bytes."""
    try:
        data = _plain(value) or rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError):
        raise BadInput("Expected whole Unicode characters and numbers that JSON can carry") from None
    return data.decode(), data


def _plain(value: Json) -> bytes | None:
    """The bytes of most values, much faster: what it writes differs in fractions and in the order of unusual keys alone."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS) if _is_plain((value,)) else None
    except orjson.JSONEncodeError:
        return None


def _is_plain(values: Iterable[Json]) -> bool:
    """Whether there are only strings, exact whole numbers, booleans, nulls, lists and dicts with ASCII keys, at any depth."""
    for value in values:
        kind = type(value)
        if kind is str:
            continue
        if kind is int:
            if not -_MAX_INT <= value <= _MAX_INT:
                return False
        elif kind is list:
            if not _is_plain(value):
                return False
        elif kind is dict:
            for key in value:
                if type(key) is not str or not key.isascii():
                    return False
            if not _is_plain(value.values()):
                return False
        elif kind is not bool and value is not None:
            return False
    return True


def sha256_hex(data: bytes) -> str:
    """Hex SHA-256."""
    return _sha256(data).hexdigest()


def genesis(header: Header) -> str:
    """The hash that the first record follows: that of the canonical header.

    Of the fields it was made or read with: one thought of later must not change an old log's hash.
    """
    return sha256_hex(canonical(header.model_dump(mode="json", exclude_unset=True)))


def payload_hash(salt: str, payload: Json) -> str:
    """``salt`` is hex; the bytes hashed are those of the salt, then the canonical payload."""
    return sha256_hex(bytes.fromhex(salt) + canonical(payload))


# What ``record_hash`` hashes, as canonical JSON; the places of strings take them quoted.
_COVERED = '{"actor":%s,"at":%d,"cause":%s,"payload_hash":%s,"prev":%s,"seq":%d,"type":%s,"v":%d}'


def record_hash(
    previous: str, *, seq: int, at_ms: int, actor: str, type_: str, v: int, cause: int | None, payload: str
) -> str:
    """The chain hash of a record whose payload hash is ``payload``: that of the canonical JSON of what it covers."""
    after = "null" if cause is None else cause
    covered = _COVERED % (_word(actor), at_ms, after, _quote(payload), _quote(previous), seq, _word(type_), v)
    try:
        return _sha256(covered.encode()).hexdigest()
    except UnicodeEncodeError:
        raise BadInput("Expected whole Unicode characters and numbers that JSON can carry") from None


def seal(
    previous: str, *, seq: int, at_ms: int, actor: str, cause: int | None, data: AnyPayload, salt: str
) -> tuple[Record, str]:
    """The record that follows ``previous`` in the chain, and the canonical JSON of its payload."""
    payload, type_, v = dump_payload(data), data.type, data.v
    text, raw = _canonical(payload)
    # Hashed here as ``payload_hash`` and ``record_hash`` do: it is done for every event, and their calls take a sixth of the time.
    digest = _sha256(bytes.fromhex(salt) + raw).hexdigest()
    after = "null" if cause is None else cause
    covered = _COVERED % (_quote(actor), at_ms, after, f'"{digest}"', f'"{previous}"', seq, f'"{type_}"', v)
    try:
        hash_ = _sha256(covered.encode()).hexdigest()
    except UnicodeEncodeError:
        raise BadInput("Expected whole Unicode characters and numbers that JSON can carry") from None
    # Not validated: the payload was when it was made, and the rest is what a caller's types promise.
    record = Record.trusted(
        seq=seq, at_ms=at_ms, actor=actor, type=type_, v=v, cause=cause, payload=payload, salt=salt, payload_hash=digest,
        hash=hash_,
    )  # fmt: skip
    return record, text


def verify(header: Header, records: Iterable[Record], head: str = "") -> tuple[int, str, int]:
    """Walk the chain; returns (events, head hash, tombstones). Raises ``LogCorrupt`` naming the first broken event.

    ``head`` is a head hash noted earlier: without one, nothing shows that events are missing from a log's end.
    """
    previous, count, tombstones, met = genesis(header), 0, 0, not head
    for record in records:
        count += 1
        require_next(previous, count, record)
        tombstones += record.payload is None
        previous = record.hash
        met = met or previous == head
    if not met and head != previous:
        raise LogCorrupt(
            "Expected the event whose hash is %(head)s in this log, found none: events after event %(seq)d are missing or replaced",
            head=head, seq=count,
        )  # fmt: skip
    return count, previous, tombstones


def checked(header: Header, records: Iterable[Record]) -> Iterator[Record]:
    """The records as they come, each checked to follow from those before it. Raises ``LogCorrupt`` at one that does not."""
    previous = genesis(header)
    for count, record in enumerate(records, start=1):
        require_next(previous, count, record)
        previous = record.hash
        yield record


def require_next(previous: str, count: int, record: Record, text: str | None = None) -> None:
    """Raise ``LogCorrupt`` unless the record is the ``count``-th of its log and follows the one whose hash is ``previous``.

    ``text`` is its payload as it was stored, which is most often what was hashed and then need not be written anew.
    """
    payload, salt, digest, cause = record.payload, record.salt, record.payload_hash, record.cause
    if record.seq != count:
        raise LogCorrupt("Expected event %(want)d next, got event %(seq)d", want=count, seq=record.seq)
    if payload is None:
        if salt is not None:
            raise LogCorrupt("Event %(seq)d lost its content but not its salt, which no erasure leaves", seq=record.seq)
        paid = _quote(digest)
    elif _is_of(salt, text, digest) or _holds(salt, payload, digest):
        paid = f'"{digest}"'  # one that was computed just now needs no quoting, nor does the one before it
    else:
        raise LogCorrupt("The content of event %(seq)d is not what was recorded", seq=record.seq)
    after = "null" if cause is None else cause
    covered = _COVERED % (
        _word(record.actor), record.at_ms, after, paid, f'"{previous}"', count, _word(record.type), record.v,
    )  # fmt: skip
    if _sha256(covered.encode(errors="surrogatepass")).hexdigest() != record.hash:
        if count == 1:
            raise LogCorrupt("Event %(seq)d does not follow from this log's header", seq=record.seq)
        raise LogCorrupt("Event %(seq)d does not follow from the one before it", seq=record.seq)


def _is_of(salt: str | None, text: str | None, digest: str) -> bool:
    """Whether that is the text that was hashed."""
    if salt is None or text is None:
        return False
    try:
        return _sha256(bytes.fromhex(salt) + text.encode()).hexdigest() == digest
    except ValueError:
        return False


def _holds(salt: str | None, payload: Json, digest: str) -> bool:
    """Whether the payload is the one recorded; one that could never have been recorded is not."""
    try:
        return salt is not None and payload_hash(salt, payload) == digest
    except (BadInput, ValueError):
        return False
