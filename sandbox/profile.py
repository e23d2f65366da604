"""The system-call filter as a container engine takes it: the same list, as a JSON profile.

Owns the translation of ``sandbox.syscalls`` and of the rules by argument in ``sandbox.seccomp`` into libseccomp's terms.
Invariant: what one filter refuses, the other refuses too. Leaves out which calls are listed.

Arguments are compared by masks of 32 bits alone: the kernel looks at the low half, so a plain comparison of all 64 bits
would let ``ioctl(fd, 1 << 32 | TIOCSTI)`` pass. libseccomp joins several rules for one call by "or" and knows no "not
one of these", so the complement of a few numbers is spelt out as bit patterns.
"""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sandbox.seccomp import FAMILIES, NAMESPACES, PLAIN_PERSONALITIES, TIOCLINUX, TIOCSETD, TIOCSTI
from sandbox.syscalls import ALLOWED, allowed

ALL_BITS = 0xFFFFFFFF
ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
BY_ARGUMENT = ("clone", "clone3", "ioctl", "personality", "socket", "socketpair")


def profile(machine: str) -> dict[str, Any]:
    """The profile for ``x86_64`` or ``aarch64``. Raises ``KeyError`` for another machine."""
    names = sorted({*listed(machine), "prctl"} - set(BY_ARGUMENT))
    rules = [allow(names)]
    for call in ("socket", "socketpair"):
        rules += [allow([call], (0, pattern)) for pattern in exactly(FAMILIES)]
        rules += [refuse(call, errno.EAFNOSUPPORT, (0, pattern)) for pattern in others(FAMILIES)]
    rules += [allow(["ioctl"], (1, pattern)) for pattern in others((TIOCSTI, TIOCLINUX, TIOCSETD))]
    rules += [allow(["personality"], (0, pattern)) for pattern in exactly(PLAIN_PERSONALITIES)]
    rules += [allow(["clone"], (0, (NAMESPACES, 0))), refuse("clone3", errno.ENOSYS)]
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": errno.EPERM,
        "architectures": [ARCHITECTURES[machine]],
        "syscalls": rules,
    }


def listed(machine: str) -> set[str]:
    """Names of the calls that are allowed whatever their arguments."""
    numbers = allowed(machine)
    column = {"x86_64": 1, "aarch64": 2}[machine]
    rows = [row.split(":") for row in ALLOWED.split()]
    return {row[0] for row in rows if row[column] and int(row[column]) in numbers}


def exactly(values: Collection[int]) -> Iterator[tuple[int, int]]:
    """Patterns (mask, value) that match one of ``values``."""
    return ((ALL_BITS, value) for value in values)


def others(values: Collection[int]) -> Iterator[tuple[int, int]]:
    """Patterns (mask, value) that together match every 32-bit number but ``values``, each number by one pattern."""
    prefixes = {0}
    for bit in reversed(range(32)):
        mask = ALL_BITS >> bit << bit
        known = {value & mask for value in values}
        for prefix in sorted(prefixes):
            for value in (prefix, prefix | 1 << bit):
                if value not in known:
                    yield mask, value
        prefixes = known


def allow(names: Sequence[str], *conditions: tuple[int, tuple[int, int]]) -> dict[str, Any]:
    """Calls that pass when argument ``index`` matches its pattern."""
    return {"names": list(names), "action": "SCMP_ACT_ALLOW", "args": [condition(*one) for one in conditions]}


def refuse(name: str, number: int, *conditions: tuple[int, tuple[int, int]]) -> dict[str, Any]:
    """A call that answers ``number`` when argument ``index`` matches its pattern."""
    args = [condition(*one) for one in conditions]
    return {"names": [name], "action": "SCMP_ACT_ERRNO", "errnoRet": number, "args": args}


def condition(index: int, pattern: tuple[int, int]) -> dict[str, Any]:
    mask, value = pattern
    return {"index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}
