"""The same list of behaviours, as the users who start the product: root and an ordinary one, from a closed clone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.toolbox import ensure_toolbox

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
LIST = "tests/conformance/test_sandbox.py"
LOOKS = ("tests/integration/test_bubblewrap_lines.py", "tests/integration/test_bubblewrap_place.py")
# In nobody's range and in no user list: what holds for it holds for any ordinary user.
ORDINARY = 1_890_000_001
# As root the whole list has just run from this checkout; from a closed one, what depends on reading it is enough.
SOME = "bubblewrap and (comes_back or tools or marks or touched or killed or stopping)"
CALLERS = [("ordinary", LIST, "bubblewrap"), *(("ordinary", tests, "test") for tests in LOOKS)]
if os.geteuid() == 0:
    CALLERS.append(("root", LIST, SOME))


@pytest.fixture
def clone() -> Iterator[Path]:
    """The parts of a checkout that the list needs, below a folder that only its owner may enter."""
    home = Path(tempfile.mkdtemp(prefix="pairsight-clone-"))
    parts = ["sandbox", "interviews/__init__.py", "interviews/errors.py"]
    parts += ("tests/__init__.py", "tests/sandboxes.py", "tests/conformance/__init__.py", LIST, *LOOKS)
    try:
        for part in parts:
            target = home / "clone" / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / part, target)
        shutil.copy(ROOT / "requirements-toolbox.lock", home / "clone")
        (home / "clone").chmod(0o700)
        yield home
    finally:
        shutil.rmtree(home)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("caller", "tests", "chosen"), CALLERS)
def test_the_list_holds_for(caller: str, tests: str, chosen: str, clone: Path) -> None:
    toolbox = ensure_toolbox()
    user = ORDINARY if caller == "ordinary" and os.geteuid() == 0 else None
    if user is not None:
        for path in (clone, *clone.rglob("*")):
            os.chown(path, user, user)
    listed = ["-m", "pytest", "-q", "-c", "/dev/null", "--rootdir=.", "--noconftest", "-p", "no:cacheprovider"]
    listed += ["-W", "ignore::pytest.PytestUnknownMarkWarning", tests, "-k", chosen]
    done = subprocess.run(
        ["/usr/bin/python3", *listed],
        cwd=clone / "clone",
        env={
            "HOME": str(clone),
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PAIRSIGHT_TOOLBOX": str(toolbox),
            "PYTHONPATH": f"{clone / 'clone'}:{toolbox}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "skipped" not in done.stdout
