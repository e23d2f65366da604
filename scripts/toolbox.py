"""Makes the sandbox's toolbox where it is missing: the last step of set-up, run by the environment's own Python.

Owns nothing but the telling; ``sandbox.toolbox`` knows where the toolbox belongs and whether it is whole.
"""

from __future__ import annotations

import sys

from interviews.errors import PairsightError
from sandbox.toolbox import ensure_toolbox


def main() -> int:
    try:
        print(f"The toolbox is at {ensure_toolbox(lambda line: print(line, flush=True))}")
    except PairsightError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
