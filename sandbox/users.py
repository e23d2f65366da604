"""The unprivileged user of a sandbox, where the server is root.

Owns the range of numbers and the choice. Invariant: no number that a person, a service or another running sandbox has.
Leaves out the user inside (``Hardening.inside_uid``).
"""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Callable
from pathlib import Path

from sandbox.hardening import Hardening


def free_user(hardening: Hardening, randbelow: Callable[[int], int]) -> int | None:
    """A user for a new sandbox; None: stay who we are, which only an ordinary user may.

    Raises ``OSError`` when no number is free: nothing of a sandbox is ever started as root.
    """
    if os.geteuid() != 0:
        return None
    first, count = user_range(hardening, Path("/proc/self/uid_map").read_text("ascii"))
    if not hardening.own_user:
        return first
    taken = users_at_work()
    for _ in range(100):
        uid = first + randbelow(count)
        if uid in taken:
            continue
        with contextlib.suppress(KeyError):
            pwd.getpwuid(uid)
            continue
        return uid
    raise OSError("no free user number for a sandbox")


def user_range(hardening: Hardening, uid_map: str) -> tuple[int, int]:
    """First and count of the user numbers to pick from, among those that exist in this user namespace.

    Raises ``OSError`` when there are none but the server's own.
    """
    spans = [(int(inside), int(count)) for inside, _, count in map(str.split, uid_map.splitlines())]
    first, last = hardening.first_uid, hardening.first_uid + hardening.uid_count
    if any(start <= first and last <= start + count for start, count in spans):
        return first, hardening.uid_count
    start, count = max(spans, key=lambda span: span[1])
    # The upper half, and below the numbers that mean "nobody".
    low, high = start + count // 2, min(start + count, 60_000 if start + count <= 65_536 else start + count)
    if high - low < 100 or low < 1:
        raise OSError("expected room for unprivileged user numbers in this container, got none")
    return low, high - low


def users_at_work() -> set[int]:
    """Users of running processes."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            found.add(os.stat(f"/proc/{name}").st_uid)
    return found
