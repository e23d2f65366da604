"""The hash chain that makes a log tamper-evident and yet erasable.

Owns how a record is sealed and how a log is verified. Invariant: ``hash`` covers seq, time, actor, type, version,
cause, the previous hash and ``payload_hash = sha256(salt ‖ canonical JSON)``, so that dropping a payload together
with its salt leaves a chain that still verifies. Canonical JSON is RFC 8785. Leaves out where records are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import rfc8785

from interviews.errors import BadInput, LogCorrupt
from interviews.events import AnyPayload, Header, Json, Record, dump_payload


def canonical(value: Json) -> bytes:
    """RFC 8785 bytes of a JSON value. Raises ``BadInput`` for what JSON cannot carry, such as half a surrogate pair."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError:
        raise BadInput("Expected whole Unicode characters and numbers that JSON can carry") from None


def sha256_hex(data: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def genesis(header: Header) -> str:
    """The hash that the first record follows: that of the canonical header."""
    return sha256_hex(canonical(header.model_dump(mode="json")))


def payload_hash(salt: str, payload: Json) -> str:
    """``salt`` is hex; the bytes hashed are those of the salt, then the canonical payload."""
    return sha256_hex(bytes.fromhex(salt) + canonical(payload))


def record_hash(
    previous: str, *, seq: int, at_ms: int, actor: str, type_: str, v: int, cause: int | None, payload: str
) -> str:
    """The chain hash of a record whose payload hash is ``payload``."""
    covered = {
        "seq": seq, "at": at_ms, "actor": actor, "type": type_, "v": v, "cause": cause, "prev": previous, "payload_hash": payload
    }  # fmt: skip
    return sha256_hex(canonical(covered))


def seal(previous: str, *, seq: int, at_ms: int, actor: str, cause: int | None, data: AnyPayload, salt: str) -> Record:
    """The record that follows ``previous`` in the chain."""
    payload = dump_payload(data)
    digest = payload_hash(salt, payload)
    return Record(
        seq=seq, at_ms=at_ms, actor=actor, type=data.type, v=data.v, cause=cause, payload=payload, salt=salt, payload_hash=digest,
        hash=record_hash(previous, seq=seq, at_ms=at_ms, actor=actor, type_=data.type, v=data.v, cause=cause, payload=digest),
    )  # fmt: skip


def verify(header: Header, records: Iterable[Record]) -> tuple[int, str, int]:
    """Walk the chain; returns (events, head hash, tombstones). Raises ``LogCorrupt`` naming the first broken event."""
    previous, count, tombstones = genesis(header), 0, 0
    for record in records:
        count += 1
        if record.seq != count:
            raise LogCorrupt("Expected event %(want)d next, got event %(seq)d", want=count, seq=record.seq)
        if record.payload is None:
            tombstones += 1
        elif record.salt is None or payload_hash(record.salt, record.payload) != record.payload_hash:
            raise LogCorrupt("The content of event %(seq)d is not what was recorded", seq=record.seq)
        expected = record_hash(
            previous, seq=record.seq, at_ms=record.at_ms, actor=record.actor, type_=record.type, v=record.v,
            cause=record.cause, payload=record.payload_hash,
        )  # fmt: skip
        if expected != record.hash:
            raise LogCorrupt("Event %(seq)d does not follow from the one before it", seq=record.seq)
        previous = record.hash
    return count, previous, tombstones
