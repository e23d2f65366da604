"""A server that is stopped in order and started again while somebody types: their page needs nobody's help."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import pages
from tests.browser.conftest import Open
from tests.product import Product, start, wait

pytestmark = [pytest.mark.browser, pytest.mark.sandbox]
FILE = "playlists/builder.py"
BUBBLEWRAP = ("--sandbox", "bubblewrap")


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Product]]:
    """The servers of one data folder, the newest last; all are ended."""
    made = [start(tmp_path / "data", *BUBBLEWRAP)]
    yield made
    for one in made:
        one.stop()


def test_every_key_typed_over_a_restart_is_saved_once(servers: list[Product], open_page: Open) -> None:
    page = open_page(servers[0].links["candidate"])
    pages.consent(page)
    pages.open_file(page, FILE)
    pages.type_at_start(page, "#")
    for number in range(30):
        page.keyboard.type(f" {number};", delay=10)
        if number == 10:
            servers[0].process.send_signal(signal.SIGTERM)
        if number == 20:
            assert servers[0].process.wait(40) == 0
            port = int(servers[0].address.rpartition(":")[2])
            servers.append(start(servers[0].data, *BUBBLEWRAP, port=port))
    wanted = "#" + "".join(f" {number};" for number in range(30))
    wait(lambda: pages.saved(page) and pages.text(page, FILE).startswith(wanted), 60)
    url = f"{servers[1].address}/api/interviews/{page.url.split('/interviews/')[1].split('/')[0]}/candidate/state"
    assert page.context.request.get(url).json()["files"][FILE]["text"].startswith(wanted)
    assert pages.text(page, FILE).count("29;") == 1
