"""The system-call filter, written as classic BPF by hand: no library is needed to start a sandbox.

Owns the assembler and the program. Invariant: an allow-list; calls of another architecture kill the process, unknown
newer calls answer "not implemented" (programs then use the older one), known and unlisted ones "not permitted". Leaves
out which calls are listed (``sandbox.syscalls``).
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sandbox.syscalls import allowed

LOAD, JEQ, JGT, JGE, JSET, AND, RET = 0x20, 0x15, 0x25, 0x35, 0x45, 0x54, 0x06
AT_NUMBER, AT_ARCH, AT_ARG0 = 0, 4, 16
ALLOW, KILL = 0x7FFF0000, 0x80000000
# Calls that came after this one are unknown to this list; answering ENOSYS lets programs fall back.
NEWEST_KNOWN = 450
X32_BIT = 0x40000000

AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
FAMILIES = (AF_UNIX, AF_INET, AF_INET6)
TIOCSTI, TIOCLINUX, TIOCSETD = 0x5412, 0x541C, 0x5423
NAMESPACES = 0x7E020080
READ_IMPLIES_EXEC = 0x0400000
PLAIN_PERSONALITIES = (0, 0xFFFFFFFF)


@dataclass(frozen=True)
class Machine:
    """An architecture's audit number and the calls that are judged by their arguments."""

    audit: int
    socket: int
    socketpair: int
    ioctl: int
    clone: int
    clone3: int
    personality: int
    prctl: int


MACHINES: Mapping[str, Machine] = {
    "x86_64": Machine(0xC000003E, 41, 53, 16, 56, 435, 135, 157),
    "aarch64": Machine(0xC00000B7, 198, 199, 29, 220, 435, 92, 167),
}


def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One instruction; ``yes`` and ``no`` are how many to skip."""
    return struct.pack("=HBBI", code, yes, no, value)


def refuse(number: int) -> bytes:
    return step(RET, 0x00050000 | number)


def argument(index: int) -> bytes:
    """Load the low half of an argument; every judged argument is 32 bits wide to the kernel."""
    return step(LOAD, AT_ARG0 + 8 * index)


def when(call: int, body: Iterable[bytes]) -> list[bytes]:
    """``body`` (which must return) for one call, and past it for all others."""
    steps = list(body)
    return [step(JEQ, call, 0, len(steps)), *steps]


def only(index: int, values: Iterable[int], otherwise: int) -> list[bytes]:
    """Allow when an argument is one of ``values``."""
    steps = [argument(index)]
    for value in values:
        steps += [step(JEQ, value, 0, 1), step(RET, ALLOW)]
    return [*steps, refuse(otherwise)]


def never(index: int, values: Iterable[int], otherwise: int) -> list[bytes]:
    """Allow unless an argument is one of ``values``."""
    steps = [argument(index)]
    for value in values:
        steps += [step(JEQ, value, 0, 1), refuse(otherwise)]
    return [*steps, step(RET, ALLOW)]


def ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Sorted numbers as runs (first, last)."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def program(machine: str) -> bytes:
    """The filter for ``x86_64`` or ``aarch64``, as the kernel takes it. Raises ``KeyError`` for another machine."""
    calls = MACHINES[machine]
    steps = [
        step(LOAD, AT_ARCH),
        step(JEQ, calls.audit, 1, 0),
        step(RET, KILL),
        step(LOAD, AT_NUMBER),
        step(JGE, X32_BIT, 0, 1),
        step(RET, KILL),
    ]
    for call in (calls.socket, calls.socketpair):
        steps += when(call, only(0, FAMILIES, errno.EAFNOSUPPORT))
    steps += when(calls.ioctl, never(1, (TIOCSTI, TIOCLINUX, TIOCSETD), errno.EPERM))
    # A new thread or process, never a new namespace; clone3 hides its flags behind a pointer, so libc must use clone.
    steps += when(calls.clone, [argument(0), step(JSET, NAMESPACES, 0, 1), refuse(errno.EPERM), step(RET, ALLOW)])
    steps += when(calls.clone3, [refuse(errno.ENOSYS)])
    steps += when(calls.personality, only(0, PLAIN_PERSONALITIES, errno.EPERM))
    steps += when(calls.prctl, [step(RET, ALLOW)])
    for first, last in ranges(allowed(machine)):
        # In ascending order: below this run and in none before means not listed.
        steps += [step(JGE, first, 1, 0), refuse(errno.EPERM), step(JGT, last, 1, 0), step(RET, ALLOW)]
    steps += [step(JGT, NEWEST_KNOWN, 0, 1), refuse(errno.ENOSYS), refuse(errno.EPERM)]
    return b"".join(steps)
