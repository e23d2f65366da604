"""Another process at a log: ``python -m tests.log_process URL``, driven line by line over its standard streams.

A line is JSON: ``{"do": "acquire", "owner": …, "term_s": …}``, ``renew``, ``release``, ``append`` (under the lease where one was
acquired; ``times`` appends of two events), or ``flood`` (appends until killed). The answer is one line: ``ok`` and a number, or
the name of the error; to ``renew`` it says how many leases were lost. Only ``flood`` answers more than once: with the last seq
of each acknowledged append.
"""

from __future__ import annotations

import json
import secrets
import sys
import time

from interviews import events as e
from interviews.errors import PairsightError
from interviews.leases import Lease
from interviews.log import Draft
from interviews.store import SqlLog, open_engine

INTERVIEW = "i1"
DRAFTS = [Draft("system", e.InterviewStarted())] * 2


def main(url: str) -> None:
    log = SqlLog(open_engine(url), lambda: time.time_ns() // 1_000_000, lambda: secrets.token_hex(16))
    lease: Lease | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        number = 0
        try:
            match asked["do"]:
                case "acquire":
                    lease = log.acquire(INTERVIEW, asked["owner"], asked["term_s"])
                    number = lease.epoch
                case "append":
                    for _ in range(asked["times"]):
                        number = log.append(INTERVIEW, DRAFTS, lease=lease)[-1].seq
                case "flood":
                    while True:
                        print("ok", log.append(INTERVIEW, DRAFTS, lease=lease)[-1].seq, flush=True)
                case "renew":
                    assert lease is not None
                    number = len(log.renew([lease]))
                case _:
                    assert lease is not None
                    log.release(lease)
            print("ok", number, flush=True)
        except PairsightError as error:
            print(type(error).__name__, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
